// Renders a chart as `helm template` does, from what Helm is made of: Go's text/template, Masterminds' sprig and
// sigs.k8s.io/yaml, all of them Debian packages (Helm itself is none). Of Helm's own functions there are those that the
// chart uses; another one makes rendering fail.
//
//	render CHART NAME NAMESPACE [VALUES_FILE...]
//
// prints the manifests, one YAML document each; with NOTES_ONLY=1 in the environment it prints the notes instead.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

// .Files: what lies in the chart's folder.
type files struct{ root string }

func (f files) Get(path string) (string, error) {
	content, err := os.ReadFile(filepath.Join(f.root, path))
	return string(content), err
}

func readYaml(path string) (object, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := object{}
	if err := yaml.UnmarshalStrict(content, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// Lays `over` over `under`: maps by key, anything else whole; null takes a key away.
func merge(under, over object) {
	for key, value := range over {
		deeper, isMap := value.(object)
		below, wasMap := under[key].(object)
		switch {
		case value == nil:
			delete(under, key)
		case isMap && wasMap:
			merge(below, deeper)
		default:
			under[key] = value
		}
	}
}

func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	// As Helm: a chart must not depend on the machine.
	delete(known, "env")
	delete(known, "expandenv")
	known["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	known["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	return known
}

func load(root, name, namespace string, overrides []string) (object, error) {
	values, err := readYaml(filepath.Join(root, "values.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range overrides {
		over, err := readYaml(path)
		if err != nil {
			return nil, err
		}
		merge(values, over)
	}
	about, err := readYaml(filepath.Join(root, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	chart := object{} // templates know its fields by their Go names
	for key, value := range about {
		chart[strings.ToUpper(key[:1])+key[1:]] = value
	}
	release := object{"Name": name, "Namespace": namespace, "Service": "Helm"}
	return object{"Values": values, "Chart": chart, "Release": release, "Files": files{root}}, nil
}

func render(root, name, namespace string, overrides []string) error {
	data, err := load(root, name, namespace, overrides)
	if err != nil {
		return err
	}
	all := template.New("chart")
	all.Funcs(functions(all)).Option("missingkey=zero")
	paths, err := filepath.Glob(filepath.Join(root, "templates", "*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := all.New(filepath.Base(path)).Parse(string(text)); err != nil {
			return err
		}
	}
	notes := os.Getenv("NOTES_ONLY") != ""
	for _, path := range paths {
		base := filepath.Base(path)
		if strings.HasPrefix(base, "_") || notes != (base == "NOTES.txt") {
			continue
		}
		var out strings.Builder
		if err := all.ExecuteTemplate(&out, base, data); err != nil {
			return err
		}
		// As Helm: what is missing prints as nothing.
		text := strings.ReplaceAll(out.String(), "<no value>", "")
		if strings.TrimSpace(text) != "" && notes {
			fmt.Print(text)
		} else if strings.TrimSpace(text) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", base, text)
		}
	}
	return nil
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: render CHART NAME NAMESPACE [VALUES_FILE...]")
		os.Exit(2)
	}
	if err := render(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
