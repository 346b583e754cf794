package server

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/release"
)

// versions tells which version a commit is, from a list that it keeps for a while.
type versions struct {
	list func(context.Context, blueprint.Name) ([]release.Release, error)

	mu    sync.Mutex
	known map[blueprint.Name]known
}

type known struct {
	until   time.Time
	version map[object.Checksum]blueprint.Version
}

const versionsHold = 3 * time.Second

// of names the version, or "unknown" for a commit that is no release any more.
func (v *versions) of(ctx context.Context, name blueprint.Name, commit object.Checksum) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.known[name]
	if time.Now().After(k.until) {
		k = known{time.Now().Add(versionsHold), map[object.Checksum]blueprint.Version{}}
		all, _ := v.list(ctx, name) // a metric is not worth an error
		for _, r := range all {
			k.version[r.Commit] = r.Version
		}
		if v.known == nil {
			v.known = map[blueprint.Name]known{}
		}
		v.known[name] = k
	}
	if version, ok := k.version[commit]; ok {
		return string(version)
	}
	return "unknown"
}

// stock collects what lies in the data directory when it is asked, at most
// twice a minute: counting objects reads every folder.
type stock struct {
	o                              Options
	bytes, objects, releases, free *prometheus.Desc

	mu    sync.Mutex
	taken time.Time
	last  []prometheus.Metric
}

const stockHold = 30 * time.Second

func newStock(o Options) *stock {
	of := []string{"blueprint"}
	return &stock{
		o:        o,
		bytes:    prometheus.NewDesc("appliance_repository_bytes", "Bytes of a blueprint's repository on disk.", of, nil),
		objects:  prometheus.NewDesc("appliance_repository_objects", "Objects in a blueprint's repository.", of, nil),
		releases: prometheus.NewDesc("appliance_releases", "Releases of a blueprint.", of, nil),
		free:     prometheus.NewDesc("appliance_data_free_bytes", "Bytes left for the data directory.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (s *stock) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.bytes, s.objects, s.releases, s.free} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *stock) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken.IsZero() || time.Since(s.taken) > stockHold {
		s.take()
	}
	for _, m := range s.last {
		to <- m
	}
}

func (s *stock) take() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.taken, s.last = time.Now(), nil
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		s.last = append(s.last, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
	}
	all, err := s.o.Releases.Blueprints(ctx)
	if err != nil {
		s.o.Log.Warn("measuring repositories", "error", err)
	}
	for _, b := range all {
		gauge(s.bytes, float64(b.Size), string(b.Name))
		gauge(s.objects, float64(b.Objects), string(b.Name))
		gauge(s.releases, float64(b.Releases), string(b.Name))
	}
	if s.o.DataFree != nil {
		if free, err := s.o.DataFree(); err == nil {
			gauge(s.free, float64(free))
		}
	}
}
