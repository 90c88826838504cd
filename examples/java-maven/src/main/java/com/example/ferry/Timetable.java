package com.example.ferry;

import java.util.List;

/** The day's crossings. */
final class Timetable {
    record Crossing(String departure, String harbour) {}

    static List<Crossing> crossings() {
        return List.of(new Crossing("07:30", "Oban"), new Crossing("12:15", "Craignure"), new Crossing("18:45", "Oban"));
    }
}
