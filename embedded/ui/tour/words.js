// What the speaker says in each step, what the audience watches and on which page: functions of the state, so that they
// name what is there.
import { called } from "/ui/tour/cast.js";

const name = (app) => app?.name || "an application";
const devices = () => ["Devices", "devices"];
const running = (app) => ["What devices run", "apps", ...(app ? [app.name] : [])];

export const words = [
	{
		title: () => "What there is",
		say: (s) => [
			"At an edge site nobody can repair a machine. An update works there, or the device takes it back by itself.",
			`${s.first.blueprint} has three releases. Devices see the published one, and no other. ${s.broken.version} is an update that will go wrong, ${s.good.version} the same one done well.`,
		],
		watch: (s) => `The difference between ${s.first.version} and ${s.broken.version}: what is removed. Something on the device needs it.`,
	},
	{
		title: () => "Deploy a device",
		say: (s) => [
			`The device begins with ${s.first.version}, and the applications with their first version.`,
			"Nobody types anything at the site: the installer reads its kickstart here, puts the published system on the disk, and fetches one program that sets up the rest. No application runs as root.",
		],
		watch: () => "The machine in the list of devices: it fetches its kickstart, installs, boots, and is green.",
		where: devices,
	},
	{
		title: (s) => `Update the system to ${s.broken.version}, broken`,
		say: () => [
			"Publishing is one moment. Nothing is sent to devices; they look for themselves.",
			"The check on the device fails, as often as it may. Then the boot loader starts the system before it.",
		],
		watch: (s) => `The row of the device: trial, red, rolled back, with the reason. It will not take ${s.broken.version} again.`,
		where: devices,
	},
	{
		title: (s) => `Update the system to ${s.good.version}, good`,
		say: (s) => [`The mistake is found. ${s.good.version} brings back what was missing, and goes out the same way.`],
		watch: () => "One trial, and it is green. The system before it stays to go back to.",
		where: devices,
	},
	{
		title: (s) => `Update ${name(s.app)} to ${called(s.app, 1)}, broken`,
		say: (s) => [
			`An application needs no new system. Devices follow the tag ${s.app?.tag || "prod"}. To move it is one request, and no layer travels.`,
			`${called(s.app, 1)} has a mistake: its program does not start.`,
		],
		watch: () => "The device pulls it, sees that it does not serve, and puts the version before it back. Whoever uses the application hardly notices.",
		where: (s) => running(s.app),
	},
	{
		title: (s) => `Update ${name(s.app)} to ${called(s.app, 2)}, good`,
		say: (s) => [`${called(s.app, 2)} is mended. It is the same request with another name in it.`, "Should it be bad after all, an undo takes one request, too."],
		watch: () => "Pulled, tried, kept. The application on the device shows its new version.",
		where: (s) => running(s.app),
	},
	{
		title: (s) => `${name(s.cold)} sleeps until it is asked`,
		say: (s) => [
			`Small machines need not run everything all the time. For this one systemd alone listens. The first request starts its container; when nobody asks for a while, it stops.`,
			"The image is there before the first request, and an update reaches it in its sleep.",
		],
		watch: (s) => `On the device “watch podman ps”, then ask http://DEVICE:${s.cold?.port || 8080}/: a container appears, and goes away by itself.`,
		where: (s) => running(s.cold),
	},
];
