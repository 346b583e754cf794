package podman

import (
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/app"
	"edge/appliance/command"
	"edge/appliance/image"
	"edge/appliance/profile"
	"edge/appliance/registry"
	"edge/embedded"
)

// peers gives the real podman with a storage of its own, and our registry with the sample images. Tests
// with peers take longer, so they wait for APPLIANCE_PEERS=1, as make test sets it; then podman must be there.
func peers(t *testing.T) (s *Session, host string) {
	t.Helper()
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	if _, err := exec.LookPath("podman"); err != nil {
		t.Fatal("the podman program is not installed")
	}
	if os.Getuid() != 0 {
		t.Skip("a storage apart from the user's own needs root")
	}
	store, err := registry.Open(registry.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	images, aliases, err := image.Samples(embedded.Apps())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.SeedSamples(t.Context(), store, images, aliases); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	host = server.Listener.Addr().String()

	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	storage := put("storage.conf", "[storage]\ndriver = \"vfs\"\ngraphroot = \""+dir+"/root\"\nrunroot = \""+dir+"/run\"\n")
	registries := put("registries.conf", "[[registry]]\nlocation = \""+host+"\"\ninsecure = true\n")
	return New(command.Programs{}, nil, "CONTAINERS_STORAGE_CONF="+storage, "CONTAINERS_REGISTRIES_CONF="+registries, "STORAGE_DRIVER=vfs"), host
}

// The life of images as an update leads it, with the real podman.
func TestPodmanImages(t *testing.T) {
	s, host := peers(t)
	ctx := t.Context()
	ref, err := ParseReference(host + "/2048:prod")
	if err != nil {
		t.Fatal(err)
	}
	remote, err := NewRemote(profile.Registry{Insecure: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Version(ctx); err != nil || !v.AtLeast(4, 0) {
		t.Fatalf("Version = %v, %v", v, err)
	}
	if _, err := s.Image(ctx, ref.String()); !errors.Is(err, ErrNoImage) {
		t.Fatalf("Image = %v", err)
	}
	v1, err := s.Pull(ctx, ref.String())
	if err != nil {
		t.Fatal(err)
	}
	if d, err := remote.Digest(ctx, ref); err != nil || !v1.Has(d) {
		t.Fatalf("the registry says %q, %v; podman has %+v", d, err, v1)
	}
	next := ref
	next.Tag = "v3"
	want, err := remote.Digest(ctx, next)
	if err != nil {
		t.Fatal(err)
	}
	v3, err := s.Pull(ctx, ref.At(want))
	if err != nil || !v3.Has(want) || v3.ID == v1.ID || len(v3.Tags) != 0 {
		t.Fatalf("Pull = %+v, %v", v3, err)
	}
	if now, err := s.Image(ctx, ref.String()); err != nil || now.ID != v1.ID {
		t.Fatalf("pulling by digest moved the tag to %+v, %v", now, err)
	}

	// Forth, with a spare name for the old one; then back, and the new one goes.
	const spare = "localhost/appliance/app1:previous"
	for _, move := range []struct{ id, name string }{{v1.ID, spare}, {v3.ID, ref.String()}} {
		if err := s.Tag(ctx, move.id, move.name); err != nil {
			t.Fatal(err)
		}
	}
	if now, err := s.Image(ctx, ref.String()); err != nil || now.ID != v3.ID || !now.Has(want) {
		t.Fatalf("the tag names %+v, %v", now, err)
	}
	if err := s.Drop(ctx, v3.ID); err != nil {
		t.Fatal(err)
	}
	if here, err := s.Exists(ctx, v3.ID); err != nil || !here {
		t.Fatalf("an image with a tag was removed: %v, %v", here, err)
	}
	if err := s.Tag(ctx, v1.ID, ref.String()); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(ctx, v3.ID); err != nil {
		t.Fatal(err)
	}
	if here, err := s.Exists(ctx, v3.ID); err != nil || here {
		t.Fatalf("an image without a tag is left: %v, %v", here, err)
	}
	if old, err := s.Image(ctx, spare); err != nil || old.ID != v1.ID {
		t.Fatalf("the spare name is of %+v, %v", old, err)
	}
}

// An image with two digests as names, and one that a pull by tag left without any, go as well.
func TestPodmanDrop(t *testing.T) {
	s, host := peers(t)
	ctx := t.Context()
	v1, err := s.Pull(ctx, host+"/2048:v1")
	if err != nil {
		t.Fatal(err)
	}
	v3, err := s.Pull(ctx, host+"/2048:v3")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tag(ctx, v1.ID, host+"/2048:v3"); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(ctx, v3.ID); err != nil {
		t.Fatal(err)
	}
	if here, _ := s.Exists(ctx, v3.ID); here {
		t.Error("an image without a name is left")
	}
	var again Image
	for _, d := range v3.Digests {
		if again, err = s.Pull(ctx, host+"/2048@"+d); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Drop(ctx, again.ID); err != nil {
		t.Fatal(err)
	}
	if here, _ := s.Exists(ctx, again.ID); here {
		t.Error("an image with two digests is left")
	}
	if err := s.Drop(ctx, again.ID); err != nil {
		t.Errorf("dropping what is gone: %v", err)
	}
}

// Podman's own words are the reasons that a person reads.
func TestPodmanReasons(t *testing.T) {
	s, host := peers(t)
	_, err := s.Pull(t.Context(), host+"/2048:none")
	if err == nil || !strings.Contains(Reason(err), "manifest unknown") {
		t.Errorf("Pull = %v", err)
	}
	if _, err := s.Container(t.Context(), "none"); !errors.Is(err, ErrNoContainer) {
		t.Errorf("Container = %v", err)
	}
}

// A container of the real podman is read as one; it need not run for that.
func TestPodmanContainer(t *testing.T) {
	s, host := peers(t)
	v1, err := s.Pull(t.Context(), host+"/2048:v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.podman(t.Context(), "create", "--name=app1", host+"/2048:v1"); err != nil {
		t.Fatal(err)
	}
	c, err := s.Container(t.Context(), "app1")
	if err != nil || c.Image != v1.ID || c.Running {
		t.Errorf("Container = %+v, %v", c, err)
	}
	if err := s.Drop(t.Context(), v1.ID); err != nil {
		t.Error(err)
	}
	if here, _ := s.Exists(t.Context(), v1.ID); !here {
		t.Error("an image in use was removed")
	}
}
