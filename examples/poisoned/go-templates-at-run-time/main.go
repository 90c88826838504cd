// Pages shows a page in the theme that THEME names.
package main

import (
	"html/template"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

func main() {
	theme := os.Getenv("THEME")
	if theme == "" {
		theme = "plain"
	}
	pages := template.Must(template.ParseGlob(filepath.Join("themes", theme, "*.html")))
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err := pages.ExecuteTemplate(w, "index.html", r.URL.Path); err != nil {
			log.Print(err)
		}
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
