//! The calendar: read from JSON, written as a page.

use std::fmt::Write;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Month {
    name: String,
    sow: Vec<String>,
}

pub fn parse(text: &str) -> serde_json::Result<Vec<Month>> {
    serde_json::from_str(text)
}

pub fn page(calendar: &[Month]) -> String {
    let mut page = String::from("<!doctype html>\n<title>Almanac</title>\n<h1>Almanac</h1>\n<dl>\n");
    for month in calendar {
        let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", month.name, month.sow.join(", "));
    }
    page.push_str("</dl>\n");
    page
}
