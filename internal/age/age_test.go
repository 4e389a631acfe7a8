package age_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/age"
	"github.com/connectd/connectd/internal/age/agetest"
)

func TestAnAgeIsByTheClockThatHasGoneOnFurther(t *testing.T) {
	t.Parallel()
	at := time.Now()
	later := at.Add(time.Second)
	for name, c := range map[string]struct {
		at, now time.Time
		want    time.Duration
	}{
		"both go on":               {at, later, time.Second},
		"the machine is suspended": {at, agetest.WallClockSet(later, time.Hour), time.Hour + time.Second},
		"the clock is set back":    {at, agetest.WallClockSet(later, -time.Hour), time.Second},
		"there is one clock":       {at.Round(0), later, time.Second},
		"and it is set back":       {at.Round(0), later.Add(-time.Hour), time.Second - time.Hour},
	} {
		if got := age.Of(c.at, c.now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
