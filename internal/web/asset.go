package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/gorilla/mux"
)

const assetRoute = "/assets/{hash:[0-9a-f]{16}}/{name}"

//go:embed assets
var assetFiles embed.FS

// assets are the files by their addresses. The address holds the content's hash, so that a browser may keep it for ever and
// still gets a new version at once.
var assets = readAssets()

func readAssets() map[string][]byte {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	found := make(map[string][]byte, len(entries))
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err) // likewise
		}
		sum := sha256.Sum256(body)
		found[path.Join("/assets", hex.EncodeToString(sum[:8]), e.Name())] = body
	}
	return found
}

// assetURL is the address of the asset of that name. One that does not exist is a mistake in a template.
func assetURL(name string) string {
	for url := range assets {
		if path.Base(url) == name {
			return url
		}
	}
	panic("there is no asset " + name)
}

func (s *site) serveAsset(w http.ResponseWriter, r *http.Request) {
	vars := mux.Vars(r)
	body, ok := assets[path.Join("/assets", vars["hash"], vars["name"])]
	if !ok {
		s.showNotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(vars["name"])))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
