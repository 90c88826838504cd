package com.example.core;

/** What there is to say. */
public final class Greeting {
    public static String to(String name) {
        return "Hello, " + name;
    }
}
