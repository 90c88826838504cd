package main

import (
	"testing"
	"time"
)

func TestBoardIsInOrderOfTime(t *testing.T) {
	departures := board(time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC))
	if departures[0].At != "08:15" || departures[3].At != "09:00" {
		t.Fatalf("got %v", departures)
	}
}
