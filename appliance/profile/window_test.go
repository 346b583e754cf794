package profile

import (
	"errors"
	"testing"
	"time"

	"edge/appliance/workbench"
)

func TestParseWindow(t *testing.T) {
	for s, want := range map[string]string{
		"":                              "",
		"Sun 02:00-04:00 Europe/Madrid": "Sun 02:00-04:00 Europe/Madrid",
		"02:00-04:00":                   "02:00-04:00",
		"22:30-04:15 UTC":               "22:30-04:15 UTC",
		"00:00-24:00":                   "00:00-24:00",
		"Mon-Fri,Sun 00:00-01:00":       "Sun,Mon,Tue,Wed,Thu,Fri 00:00-01:00",
		"Fri-Mon 00:00-01:00 Etc/GMT+1": "Sun,Mon,Fri,Sat 00:00-01:00 Etc/GMT+1",
		"Sat,Sat 01:00-02:00":           "Sat 01:00-02:00",
		"Mon-Sun 01:00-02:00":           "01:00-02:00",
		"Tue 23:00-00:00 America/Argentina/Buenos_Aires": "Tue 23:00-00:00 America/Argentina/Buenos_Aires",
	} {
		w, err := ParseWindow(s)
		if err != nil || w.String() != want {
			t.Errorf("ParseWindow(%q) = %q, %v, want %q", s, w, err, want)
		}
	}
	for _, s := range []string{"Sun", "2:00-4:00", "02:00", "24:00-02:00", "02:00-24:01", "02:60-03:00", "02:00-02:00", "00:00-00:00", "sun 02:00-04:00", "Sunday 02:00-04:00",
		"Sun, Mon 02:00-04:00", "Sun- 02:00-04:00", "Sun,,Mon 02:00-04:00", "02:00-04:00 ", " 02:00-04:00", "02:00-04:00 ../etc/passwd", "02:00-04:00 /etc/localtime",
		"02:00-04:00 Local", "02:00-04:00 a b", "02:00-04:00\nX", "02:00-04:00 Europe/Madrid\n", "Sun  02:00-04:00"} {
		if w, err := ParseWindow(s); err == nil {
			t.Errorf("ParseWindow(%q) = %q, want an error", s, w)
		}
	}
}

// at reads a time of a zone, or one with an offset.
func at(t *testing.T, s, zone string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		workbench.Lacks(t, "this machine has no time zones: %v", err)
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04 -07"} {
		if at, err := time.ParseInLocation(layout, s, loc); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", s)
	return time.Time{}
}

func TestWindowNext(t *testing.T) {
	const madrid = "Europe/Madrid"
	for _, tt := range []struct{ name, window, zone, now, begin, end string }{
		{"before", "Sun 02:00-04:00", madrid, "2026-06-10 12:00", "2026-06-14 02:00", "2026-06-14 04:00"},
		{"at its beginning", "Sun 02:00-04:00", madrid, "2026-06-14 02:00", "2026-06-14 02:00", "2026-06-14 04:00"},
		{"within", "Sun 02:00-04:00", madrid, "2026-06-14 03:59", "2026-06-14 02:00", "2026-06-14 04:00"},
		{"at its end", "Sun 02:00-04:00", madrid, "2026-06-14 04:00", "2026-06-21 02:00", "2026-06-21 04:00"},
		{"every day", "02:00-04:00", madrid, "2026-06-14 05:00", "2026-06-15 02:00", "2026-06-15 04:00"},
		{"across midnight, before it", "Sat 23:00-01:00", madrid, "2026-06-13 23:30", "2026-06-13 23:00", "2026-06-14 01:00"},
		{"across midnight, after it", "Sat 23:00-01:00", madrid, "2026-06-14 00:30", "2026-06-13 23:00", "2026-06-14 01:00"},
		{"across midnight, the day it does not begin", "Sat 23:00-01:00", madrid, "2026-06-14 23:30", "2026-06-20 23:00", "2026-06-21 01:00"},
		{"until midnight", "23:00-24:00", madrid, "2026-06-14 23:30", "2026-06-14 23:00", "2026-06-15 00:00"},
		{"always", "00:00-24:00", madrid, "2026-06-14 23:30", "2026-06-14 00:00", "2026-06-15 00:00"},
		{"across a year", "Thu 23:00-02:00", madrid, "2026-12-31 12:00", "2026-12-31 23:00", "2027-01-01 02:00"},
		{"the clock leaps over the beginning", "Sun 02:00-04:00", madrid, "2026-03-29 00:00", "2026-03-29 03:00", "2026-03-29 04:00"},
		{"the clock leaps over the middle of an hour", "Sun 02:30-05:00", madrid, "2026-03-29 00:00", "2026-03-29 03:00", "2026-03-29 05:00"},
		{"the clock leaps over the end", "Sun 01:00-02:30", madrid, "2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 03:00"},
		{"the clock leaps over all of it", "Sun 02:00-02:30", madrid, "2026-03-29 00:00", "2026-04-05 02:00", "2026-04-05 02:30"},
		{"an hour comes twice", "Sun 02:00-04:00", madrid, "2026-10-25 00:00", "2026-10-25 02:00 +02", "2026-10-25 04:00 +01"},
		{"an end comes twice", "Sun 01:00-02:30", madrid, "2026-10-25 00:00", "2026-10-25 01:00 +02", "2026-10-25 02:30 +02"},
		{"a beginning and an end come twice", "Sun 02:15-02:45", madrid, "2026-10-25 00:00", "2026-10-25 02:15 +02", "2026-10-25 02:45 +02"},
		{"the second time does not count", "Sun 02:15-02:45", madrid, "2026-10-25 02:20 +01", "2026-11-01 02:15", "2026-11-01 02:45"},
		{"another zone than that of the question", "Sun 02:00-04:00", "America/New_York", "2026-06-14 05:30 +00", "2026-06-14 02:00", "2026-06-14 04:00"},
		{"a leap at midnight", "00:00-01:30", "America/Santiago", "2026-09-06 00:00 -04", "2026-09-06 01:00 -03", "2026-09-06 01:30 -03"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := ParseWindow(tt.window + " " + tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			now := at(t, tt.now, tt.zone)
			begin, end, err := w.Next(now.UTC())
			if err != nil || !begin.Equal(at(t, tt.begin, tt.zone)) || !end.Equal(at(t, tt.end, tt.zone)) {
				t.Errorf("Next(%v) = %v, %v, %v, want %s, %s", now, begin, end, err, tt.begin, tt.end)
			}
			open, err := w.Contains(now)
			if want := !begin.After(now); err != nil || open != want {
				t.Errorf("Contains(%v) = %t, %v, want %t", now, open, err, want)
			}
		})
	}
}

func TestWindowErrors(t *testing.T) {
	var never Window
	if open, err := never.Contains(time.Now()); open || err != nil {
		t.Errorf("Contains of no window = %t, %v", open, err)
	}
	if _, _, err := never.Next(time.Now()); !errors.Is(err, ErrNever) {
		t.Errorf("Next of no window: %v", err)
	}
	w, err := ParseWindow("02:00-04:00 Europe/Nowhere")
	if err != nil {
		t.Fatalf("a zone that this machine does not know: %v", err)
	}
	if open, err := w.Contains(time.Now()); open || err == nil {
		t.Errorf("Contains in an unknown zone = %t, %v", open, err)
	}
}

// A window is open when Contains says so, and Next agrees with it minute by minute over the year's changes.
func TestWindowMinutes(t *testing.T) {
	w, err := ParseWindow("Sat,Sun 23:10-02:40 Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	// In March the first of the two windows ends with the leap, forty minutes early.
	for start, want := range map[string]int{"2026-03-27 00:00": 170 + 210, "2026-10-23 00:00": 210 + 210} {
		opened := 0
		from := at(t, start, "Europe/Madrid")
		for m := range 6 * 24 * 60 {
			now := from.Add(time.Duration(m) * time.Minute)
			open, err := w.Contains(now)
			begin, end, err2 := w.Next(now)
			if err != nil || err2 != nil || open != (!now.Before(begin) && now.Before(end)) || !end.After(now) {
				t.Fatalf("%v: open %t, %v; next %v to %v, %v", now, open, err, begin, end, err2)
			}
			if open {
				opened++
			}
		}
		if opened != want {
			t.Errorf("from %s it was open for %d minutes, want %d", start, opened, want)
		}
	}
}

func FuzzParseWindow(f *testing.F) {
	f.Add("Mon-Fri,Sun 22:00-04:00 Europe/Madrid", int64(1e9))
	f.Add("00:00-24:00", int64(0))
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		w, err := ParseWindow(s)
		if err != nil {
			return
		}
		again, err := ParseWindow(w.String())
		if err != nil || again.String() != w.String() {
			t.Fatalf("%q is %q, and that %q, %v", s, w, again, err)
		}
		now := time.Unix(unix%(1<<33), 0)
		begin, end, err := w.Next(now)
		if err == nil && (!begin.Before(end) || !end.After(now)) {
			t.Fatalf("%q at %v: next %v to %v", s, now, begin, end)
		}
	})
}
