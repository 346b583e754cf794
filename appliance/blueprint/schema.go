package blueprint

import "strings"

// schema has every key that a blueprint may have, with what belongs there, and every table around it.
// It is that of github.com/osbuild/blueprint v1.29.0, which osbuild/images v0.260.0 reads.
var schema = parseSchema(`
name description version distro architecture = text
packages[].name packages[].version modules[].name modules[].version = text
enabled_modules[].name enabled_modules[].stream groups[].name = text
containers[].source containers[].name = text
containers[].tls-verify containers[].local-storage = flag
customizations.hostname customizations.kernel.name customizations.kernel.append = text
customizations.sshkey[].user customizations.sshkey[].key = text
customizations.user[].name customizations.user[].description customizations.user[].password = text
customizations.user[].key customizations.user[].home customizations.user[].shell = text
customizations.user[].groups = texts
customizations.user[].uid customizations.user[].gid customizations.user[].expiredate = number
customizations.user[].force_password_reset = flag
customizations.group[].name = text
customizations.group[].gid = number
customizations.timezone.timezone customizations.locale.keyboard = text
customizations.timezone.ntpservers customizations.locale.languages = texts
customizations.firewall.ports customizations.firewall.services.enabled customizations.firewall.services.disabled = texts
customizations.firewall.zones[].name = text
customizations.firewall.zones[].sources = texts
customizations.services.enabled customizations.services.disabled customizations.services.masked = texts
customizations.filesystem[].mountpoint = text
customizations.filesystem[].minsize = size
customizations.disk.type = text
customizations.disk.minsize customizations.disk.start_offset customizations.disk.sector_size = size
customizations.disk.partitions[].type customizations.disk.partitions[].part_type customizations.disk.partitions[].part_label = text
customizations.disk.partitions[].part_uuid customizations.disk.partitions[].name customizations.disk.partitions[].mountpoint = text
customizations.disk.partitions[].label customizations.disk.partitions[].fs_type = text
customizations.disk.partitions[].minsize customizations.disk.partitions[].logical_volumes[].minsize = size
customizations.disk.partitions[].subvolumes[].name customizations.disk.partitions[].subvolumes[].mountpoint = text
customizations.disk.partitions[].logical_volumes[].name customizations.disk.partitions[].logical_volumes[].mountpoint = text
customizations.disk.partitions[].logical_volumes[].label customizations.disk.partitions[].logical_volumes[].fs_type = text
customizations.installation_device customizations.partitioning_mode = text
customizations.fdo.manufacturing_server_url customizations.fdo.diun_pub_key_insecure customizations.fdo.diun_pub_key_hash = text
customizations.fdo.diun_pub_key_root_certs customizations.fdo.di_mfg_string_type_mac_iface = text
customizations.openscap.datastream customizations.openscap.profile_id customizations.openscap.policy_id = text
customizations.openscap.tailoring.selected customizations.openscap.tailoring.unselected = texts
customizations.openscap.json_tailoring.profile_id customizations.openscap.json_tailoring.filepath = text
customizations.ignition.embedded.config customizations.ignition.firstboot.url = text
customizations.ignition.firstboot.empty = flag
customizations.directories[].path customizations.directories[].mode = text
customizations.directories[].user customizations.directories[].group = owner
customizations.directories[].ensure_parents = flag
customizations.files[].path customizations.files[].mode customizations.files[].data customizations.files[].uri = text
customizations.files[].user customizations.files[].group = owner
customizations.repositories[].id customizations.repositories[].name customizations.repositories[].filename = text
customizations.repositories[].metalink customizations.repositories[].mirrorlist = text
customizations.repositories[].baseurls customizations.repositories[].gpgkeys = texts
customizations.repositories[].priority = number
customizations.repositories[].enabled customizations.repositories[].gpgcheck customizations.repositories[].repo_gpgcheck = flag
customizations.repositories[].sslverify customizations.repositories[].module_hotfixes customizations.repositories[].install_from = flag
customizations.fips customizations.installer.unattended customizations.dnf.config.set_releasever = flag
customizations.installer.sudo-nopasswd customizations.installer.modules.enable customizations.installer.modules.disable = texts
customizations.installer.kickstart.contents = text
customizations.installer.bootloader.grub2.menu-timeout = number
customizations.installer.payload.flatpaks.force[].registry.remote_name = text
customizations.installer.payload.flatpaks.force[].registry.url = text
customizations.installer.payload.flatpaks.force[].references = texts
customizations.rpm.import_keys.files customizations.cacerts.pem_certs = texts
customizations.rhsm.config.dnf_plugins.product_id.enabled = flag
customizations.rhsm.config.dnf_plugins.subscription_manager.enabled = flag
customizations.rhsm.config.subscription_manager.rhsm.manage_repos = flag
customizations.rhsm.config.subscription_manager.rhsm.auto_enable_yum_plugins = flag
customizations.rhsm.config.subscription_manager.rhsmcertd.auto_registration = flag
customizations.containers-storage.destination-path = text
customizations.firstboot.scripts = open
customizations.iso.application_id customizations.iso.publisher customizations.iso.volume_id = text
customizations.sshd.password_authentication customizations.sshd.kbd_interactive_authentication = flag
customizations.sshd.client_alive_interval = number
customizations.sshd.permit_root_login = text
`)

// form is what belongs to a key.
type form string

const (
	formText   form = "text"
	formFlag   form = "flag"
	formNumber form = "number"
	formTexts  form = "texts"
	formSize   form = "size"  // bytes as a number, or a text such as "20 GiB"
	formOwner  form = "owner" // a name, or a number
	formOpen   form = "open"  // a list of what osbuild alone tells apart
	formTable  form = "table"
	formList   form = "list" // of tables
)

func parseSchema(text string) map[string]form {
	all := map[string]form{}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		keys, f, _ := strings.Cut(strings.TrimSpace(line), " = ")
		for key := range strings.FieldsSeq(keys) {
			all[key] = form(f)
			for i := strings.LastIndexByte(key, '.'); i > 0; i = strings.LastIndexByte(key, '.') {
				key = key[:i]
				if list, isList := strings.CutSuffix(key, "[]"); isList {
					all[list] = formList
				}
				all[key] = formTable
				key = strings.TrimSuffix(key, "[]")
			}
		}
	}
	return all
}
