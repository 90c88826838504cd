#pragma once

#include <string>

struct sqlite3;

/// Counts visits by path, in a database that lives as long as the process.
class Visits {
public:
    Visits();
    ~Visits();
    Visits(const Visits &) = delete;
    Visits &operator=(const Visits &) = delete;

    /// Adds one visit to `path` and says how many there are now.
    int add(const std::string &path);

private:
    sqlite3 *db;
};
