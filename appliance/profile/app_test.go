package profile

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestAppNames(t *testing.T) {
	p := Profile{Apps: []App{{Name: "2048", Unit: "app1", Port: 8081}, {Name: "simple-http", Unit: "httpd", Port: 8080, Cold: true, Inner: 18080}}}
	for _, tt := range []struct {
		name, service, socket, proxy, container string
		backend                                 int
	}{
		{"2048", "container-app1.service", "container-app1-proxy.socket", "container-app1-proxy.service", "app1", 8081},
		{"httpd", "container-httpd.service", "container-httpd-proxy.socket", "container-httpd-proxy.service", "httpd", 18080},
		{"simple-http", "container-httpd.service", "container-httpd-proxy.socket", "container-httpd-proxy.service", "httpd", 18080},
	} {
		a, ok := p.App(tt.name)
		if !ok || a.Service() != tt.service || a.Socket() != tt.socket || a.ProxyService() != tt.proxy || a.Container() != tt.container || a.Backend() != tt.backend {
			t.Errorf("App(%q) = %+v, %t", tt.name, a, ok)
		}
	}
	if a, ok := p.App("nobody"); ok {
		t.Errorf("App(nobody) = %+v", a)
	}
}

// Inner ports are those of nobody else, the same each time, and the usual ones where these are free.
func TestInnerPorts(t *testing.T) {
	apps := []App{{Port: 8080, Cold: true}, {Port: 18080}, {Port: 18081, Cold: true}, {Port: 28080, Cold: true}, {Port: 9000}, {Cold: true}}
	allot(apps)
	for i, want := range []int{18082, 0, 28081, 18083, 0, 0} {
		if apps[i].Inner != want {
			t.Errorf("app %d with port %d has the inner port %d, want %d", i, apps[i].Port, apps[i].Inner, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var apps []App
		used := map[int]string{}
		for i := range MaxApps {
			port := 1024 + random.IntN(64512)
			if i%2 == 1 {
				port = 10_000 + random.IntN(100)
			}
			if _, taken := used[port]; taken {
				continue
			}
			used[port] = fmt.Sprint("app ", i)
			apps = append(apps, App{Port: port, Cold: random.IntN(2) == 0})
		}
		allot(apps)
		for i, a := range apps {
			if !a.Cold {
				continue
			}
			if other, taken := used[a.Inner]; taken || a.Inner < innerFirst || a.Inner >= innerFirst+innerCount {
				t.Fatalf("app %d has the inner port %d, which is that of %s", i, a.Inner, other)
			}
			used[a.Inner] = fmt.Sprint("inside of app ", i)
		}
	}
}
