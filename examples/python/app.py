"""A guest book: the last entries, out of PostgreSQL where DATABASE_URL is set, else out of memory."""

import os

import psycopg2
from flask import Flask, redirect, render_template, request

app = Flask(__name__)
memory = ["Lovely view.", "The kettle works."]


def connect():
    url = os.environ.get("DATABASE_URL")
    return psycopg2.connect(url) if url else None


def entries():
    db = connect()
    if db is None:
        return memory[-10:]
    with db, db.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS entry (id serial PRIMARY KEY, text text NOT NULL)")
        cursor.execute("SELECT text FROM entry ORDER BY id DESC LIMIT 10")
        return [row[0] for row in cursor.fetchall()]


def add(text):
    db = connect()
    if db is None:
        memory.append(text)
        return
    with db, db.cursor() as cursor:
        cursor.execute("INSERT INTO entry (text) VALUES (%s)", (text,))


@app.get("/")
def index():
    return render_template("index.html", entries=entries())


@app.post("/")
def sign():
    text = request.form.get("text", "").strip()
    if text:
        add(text)
    return redirect("/")


@app.get("/health")
def health():
    return {"status": "ok", "libpq": psycopg2.__libpq_version__}
