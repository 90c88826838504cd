#include "visits.h"

#include <sqlite3.h>

#include <stdexcept>

Visits::Visits() : db(nullptr) {
    const char *schema = "CREATE TABLE visit (path TEXT PRIMARY KEY, times INTEGER NOT NULL)";
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || sqlite3_exec(db, schema, nullptr, nullptr, nullptr) != SQLITE_OK) {
        std::string why = sqlite3_errmsg(db);
        sqlite3_close(db);
        throw std::runtime_error(why);
    }
}

Visits::~Visits() { sqlite3_close(db); }

int Visits::add(const std::string &path) {
    const char *sql = "INSERT INTO visit VALUES (?, 1) ON CONFLICT (path) DO UPDATE SET times = times + 1 RETURNING times";
    sqlite3_stmt *statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) {
        throw std::runtime_error(sqlite3_errmsg(db));
    }
    sqlite3_bind_text(statement, 1, path.c_str(), -1, SQLITE_TRANSIENT);
    int times = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    return times;
}
