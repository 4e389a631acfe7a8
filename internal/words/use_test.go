package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/google/go-cmp/cmp"
)

// use is where a sentence is said, with the names of the parameters that it is given there.
type use struct {
	at   string
	args []string
}

// uses are where sentences are said, by their ids, in programs and in templates. Of an id that is made of a beginning and of
// one of Stripe's words, all that have the beginning count as said there, without parameters.
type uses struct {
	whole   map[string][]use
	begun   []string
	strange []string // what seems to be an id, and is none
}

func TestEverySentenceIsSaidWithItsParameters(t *testing.T) {
	t.Parallel()
	found := findUses(t, "../../internal", "../../cmd")
	for id, m := range English().said {
		want := parametersOf(m.Other)
		for _, u := range found.whole[id] {
			if diff := cmp.Diff(want, u.args); diff != "" {
				t.Errorf("%s: the parameters of %s (-its +given):\n%s", u.at, id, diff)
			}
		}
		begun := slices.ContainsFunc(found.begun, func(prefix string) bool { return strings.HasPrefix(id, prefix) })
		if len(found.whole[id]) > 0 {
			continue
		}
		if !begun {
			t.Errorf("%s is said nowhere: take it out of the catalog", id)
		}
		if len(want) > 0 {
			t.Errorf("%s has parameters, and is said nowhere by its whole id", id)
		}
	}
	for _, s := range found.strange {
		t.Error(s)
	}
}

func findUses(t *testing.T, roots ...string) uses {
	t.Helper()
	found := uses{whole: map[string][]use{}}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				found.inProgram(t, path)
			case filepath.Base(filepath.Dir(path)) == "templates":
				found.inTemplate(t, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func (u *uses) inProgram(t *testing.T, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			u.inCall(path, n)
		case *ast.BasicLit:
			if prefix := textOf(n); strings.HasSuffix(prefix, ".") && isBeginning(prefix) {
				u.begun = append(u.begun, prefix)
			}
		}
		return true
	})
}

// inCall looks at the ids that a call is given, and at the parameters that it is given beside them.
func (u *uses) inCall(path string, call *ast.CallExpr) {
	var args []string
	for _, arg := range call.Args {
		if literal, ok := arg.(*ast.CompositeLit); ok && isArgs(literal.Type) {
			for _, element := range literal.Elts {
				args = append(args, textOf(element.(*ast.KeyValueExpr).Key))
			}
		}
	}
	slices.Sort(args)
	for i, arg := range call.Args {
		id := textOf(arg)
		switch {
		case English().knows(id) && strings.Contains(id, ".") || i == 0 && says(call) && English().knows(id):
			u.whole[id] = append(u.whole[id], use{path, args})
		case i == 0 && says(call) && id != "":
			u.strange = append(u.strange, path+": there is no sentence "+id)
		}
	}
}

// says reports whether what is called takes an id first.
func says(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && (selector.Sel.Name == "Say" || selector.Sel.Name == "Count")
}

func isArgs(typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.Ident:
		return typ.Name == "Args"
	case *ast.SelectorExpr:
		return typ.Sel.Name == "Args"
	}
	return false
}

func textOf(n ast.Expr) string {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return text
}

func isBeginning(prefix string) bool {
	for id := range maps.Keys(English().said) {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// inTemplate finds what templates say: {{say "id" "Name" .Value}}.
func (u *uses) inTemplate(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tree := parse.New(path)
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(string(text), "", "", trees); err != nil {
		t.Fatal(err)
	}
	for _, tree := range trees {
		u.inNode(path, tree.Root)
	}
}

func (u *uses) inNode(path string, n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, part := range n.Nodes {
			u.inNode(path, part)
		}
	case *parse.ActionNode:
		u.inNode(path, n.Pipe)
	case *parse.TemplateNode:
		u.inNode(path, n.Pipe)
	case *parse.IfNode:
		u.inBranch(path, &n.BranchNode)
	case *parse.WithNode:
		u.inBranch(path, &n.BranchNode)
	case *parse.RangeNode:
		u.inBranch(path, &n.BranchNode)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, command := range n.Cmds {
			u.inCommand(path, command)
		}
	}
}

func (u *uses) inBranch(path string, n *parse.BranchNode) {
	u.inNode(path, n.Pipe)
	u.inNode(path, n.List)
	u.inNode(path, n.ElseList)
}

func (u *uses) inCommand(path string, n *parse.CommandNode) {
	for _, arg := range n.Args {
		u.inNode(path, arg)
	}
	name, ok := n.Args[0].(*parse.IdentifierNode)
	if !ok || name.Ident != "say" {
		return
	}
	var args []string
	for i := 2; i < len(n.Args); i += 2 {
		if text, ok := n.Args[i].(*parse.StringNode); ok {
			args = append(args, text.Text)
		}
	}
	slices.Sort(args)
	id, ok := n.Args[1].(*parse.StringNode)
	if !ok || !English().knows(id.Text) {
		u.strange = append(u.strange, path+": there is no sentence "+n.String())
		return
	}
	u.whole[id.Text] = append(u.whole[id.Text], use{path, args})
}
