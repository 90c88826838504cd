package main

import "time"

// A Departure is one line of the board.
type Departure struct {
	At          string
	Destination string
	Platform    int
}

// board lists the departures of the next hour.
func board(now time.Time) []Departure {
	to := []string{"Porto", "Ghent", "Graz", "Turku"}
	var departures []Departure
	for i, destination := range to {
		at := now.Add(time.Duration(15*(i+1)) * time.Minute)
		departures = append(departures, Departure{at.Format("15:04"), destination, i + 1})
	}
	return departures
}
