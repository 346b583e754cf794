package profile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrNever is the cause when a window that never opens is asked when it does.
var ErrNever = errors.New("the window never opens")

const day = 24 * hour

var (
	windowForm = regexp.MustCompile(`^(?:([A-Za-z,-]+) )?([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})(?: (\S+))?$`)
	zoneForm   = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{0,30}(?:/[A-Z][A-Za-z0-9_+-]{0,30}){0,2}$`)
	dayNames   = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
)

// ParseWindow reads [DAYS] HH:MM-HH:MM [ZONE], such as "Mon-Fri,Sun 22:00-04:00 Europe/Madrid". DAYS are
// those on which the window begins. "" is never, "00:00-24:00" always. Whether a zone is known is not
// looked at: the device's own list counts.
func ParseWindow(s string) (Window, error) {
	if s == "" {
		return Window{}, nil
	}
	fault := fmt.Errorf(`%.100q is no window: want days, times and a time zone, such as "Sun 02:00-04:00 Europe/Madrid" or "02:00-04:00"`, s)
	parts := windowForm.FindStringSubmatch(s)
	if parts == nil {
		return Window{}, fault
	}
	days, err := parseDays(parts[1])
	if err != nil {
		return Window{}, err
	}
	w := Window{Days: days, Zone: parts[4]}
	var ok [2]bool
	w.Begin, ok[0] = parseClock(parts[2])
	w.End, ok[1] = parseClock(parts[3])
	switch {
	case !ok[0] || !ok[1] || w.Begin == day:
		return Window{}, fault
	case w.Begin == w.End:
		return Window{}, fmt.Errorf(`%q begins when it ends: write 00:00-24:00 for the whole day, "" for never`, s)
	case w.Zone != "" && (!zoneForm.MatchString(w.Zone) || len(w.Zone) > 64 || w.Zone == "Local"):
		return Window{}, fmt.Errorf("%.80q is no name of a time zone: want one such as Europe/Madrid or UTC", w.Zone)
	}
	return w, nil
}

// parseClock reads HH:MM up to 24:00.
func parseClock(s string) (time.Duration, bool) {
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return d, m < 60 && d <= day
}

// parseDays reads Sun or Mon-Fri or several of these with commas; every day is nil.
func parseDays(s string) ([]time.Weekday, error) {
	if s == "" {
		return nil, nil
	}
	var on [7]bool
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		i, j := slices.Index(dayNames, first), slices.Index(dayNames, last)
		if i < 0 || j < 0 {
			return nil, fmt.Errorf("%.80q is no day: want some of %s, or a range such as Mon-Fri", part, strings.Join(dayNames, ", "))
		}
		for on[i] = true; i != j; on[i] = true {
			i = (i + 1) % 7
		}
	}
	var days []time.Weekday
	for i := range on {
		if on[i] {
			days = append(days, time.Weekday(i))
		}
	}
	if len(days) == 7 {
		return nil, nil
	}
	return days, nil
}

// String is what ParseWindow reads.
func (w Window) String() string {
	if w.never() {
		return ""
	}
	var days []string
	for _, d := range w.Days {
		days = append(days, dayNames[d])
	}
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute) }
	return strings.TrimSpace(strings.Join(days, ",") + " " + clock(w.Begin) + "-" + clock(w.End) + " " + w.Zone)
}

func (w Window) never() bool { return w.Begin == w.End }

// Contains tells whether the window is open at t: from its beginning on, until before its end. The
// error is about the zone, which this machine does not know.
func (w Window) Contains(t time.Time) (bool, error) {
	if w.never() {
		return false, nil
	}
	begin, _, err := w.Next(t)
	return err == nil && !begin.After(t), err
}

// Next is the window that is open at t, or else the next one to open. Its error is ErrNever, or about
// the zone.
//
// The times are those of the clock on the wall. Where that is put forward over one of them, the moment
// of doing so counts, and a window of which nothing is left is left out. Where it is put back so that
// a time comes twice, the first counts.
func (w Window) Next(t time.Time) (begin, end time.Time, err error) {
	if w.never() {
		return begin, end, ErrNever
	}
	zone := time.Local
	if w.Zone != "" {
		if zone, err = time.LoadLocation(w.Zone); err != nil {
			return begin, end, fmt.Errorf("loading time zone %q: %w", w.Zone, err)
		}
	}
	end0 := w.End
	if end0 <= w.Begin {
		end0 += day
	}
	year, month, date := t.In(zone).Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, time.UTC) // as the wall shows it
	for i := -2; i <= 15; i++ {
		on := midnight.AddDate(0, 0, i)
		if len(w.Days) > 0 && !slices.Contains(w.Days, on.Weekday()) {
			continue
		}
		begin, end = instant(on.Add(w.Begin), zone), instant(on.Add(end0), zone)
		if end.After(begin) && end.After(t) {
			return begin, end, nil
		}
	}
	return time.Time{}, time.Time{}, ErrNever
}

// instant is when the clock on the wall of a zone first shows what wall shows in UTC.
func instant(wall time.Time, zone *time.Location) time.Time {
	var found time.Time
	for _, near := range []time.Duration{-day, day} { // the clock before a change, and after it
		_, offset := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		_, actual := t.Zone()
		if actual == offset && (found.IsZero() || t.Before(found)) {
			found = t
		}
	}
	if !found.IsZero() {
		return found
	}
	// The clock leaps over it: read by the clock before the leap, it lies after it.
	_, offset := wall.Add(-day).In(zone).Zone()
	leap, _ := wall.Add(-time.Duration(offset) * time.Second).In(zone).ZoneBounds()
	return leap
}
