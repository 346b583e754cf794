package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"edge/appliance/blueprint"
	"edge/appliance/object"
)

// metrics is what GET /metrics tells, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	pulls    *prometheus.CounterVec
	imports  *prometheus.HistogramVec
	publish  *prometheus.HistogramVec
	versions versions

	// Of a lane's responses: looking labels up costs more than counting.
	objects     prometheus.Counter
	objectBytes prometheus.Counter
	objectTimes prometheus.Observer
}

// buckets of imports and publications, in seconds: from a pointer moved to a gigabyte over a slow line.
var buckets = []float64{.005, .02, .1, .5, 2, 10, 30, 120, 600, 3600}

func newMetrics(o Options) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "appliance_http_requests_total", Help: "Requests answered."}, []string{"face", "method", "code"}),
		bytes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "appliance_http_response_bytes_total", Help: "Bytes of response bodies."}, []string{"face"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "appliance_http_request_duration_seconds", Help: "Time from a request's header to the end of its response.",
			Buckets: []float64{.0001, .001, .01, .1, 1, 10, 60}}, []string{"face"}),
		pulls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "appliance_pulls_total", Help: "Times that the commit of a published release was fetched."}, []string{"blueprint", "version"}),
		imports:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "appliance_import_duration_seconds", Help: "Time that imports took.", Buckets: buckets}, []string{"result"}),
		publish:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "appliance_publish_duration_seconds", Help: "Time that publications took.", Buckets: buckets}, []string{"result"}),
		versions: versions{list: o.Releases.List},
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "appliance_build_info", Help: "Always 1; its labels tell the version.",
		ConstLabels: prometheus.Labels{"version": o.Version}}, func() float64 { return 1 })
	m.registry.MustRegister(m.requests, m.bytes, m.duration, m.pulls, m.imports, m.publish, build, newStock(o),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.objects = m.requests.WithLabelValues(faceRepo, http.MethodGet, "200")
	m.objectBytes = m.bytes.WithLabelValues(faceRepo)
	m.objectTimes = m.duration.WithLabelValues(faceRepo)
	return m
}

func (m *metrics) request(face, method string, status int, bytes int64, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // a client may invent as many as it likes
	}
	m.requests.WithLabelValues(face, method, strconv.Itoa(status)).Inc()
	m.bytes.WithLabelValues(face).Add(float64(bytes))
	m.duration.WithLabelValues(face).Observe(took.Seconds())
}

func (m *metrics) object(bytes int64, took time.Duration) {
	m.objects.Inc()
	m.objectBytes.Add(float64(bytes))
	m.objectTimes.Observe(took.Seconds())
}

func (m *metrics) imported(err error, took time.Duration) {
	m.imports.WithLabelValues(result(err)).Observe(took.Seconds())
}

func (m *metrics) published(err error, took time.Duration) {
	m.publish.WithLabelValues(result(err)).Observe(took.Seconds())
}

func result(err error) string {
	if err != nil {
		return "refused"
	}
	return "done"
}

// pulled counts a pull, which begins with the commit.
func (h *Handler) pulled(name blueprint.Name, commit object.Checksum) {
	ctx, cancel := context.WithTimeout(h.stopping, 2*time.Second)
	defer cancel()
	h.metrics.pulls.WithLabelValues(string(name), h.metrics.versions.of(ctx, name, commit)).Inc()
}
