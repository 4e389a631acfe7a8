package registry

import (
	"reflect"
	"strings"
	"unicode"
)

// columnsOf lists the columns that the fields of a generated row are read from, in the fields' order. "*" would give those of
// a newer program's schema too, which this one could not read.
func columnsOf[Row any]() string {
	var columns []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Row]()) {
		columns = append(columns, columnOf(field.Name))
	}
	return strings.Join(columns, ", ")
}

// columnOf takes back what sqlc makes of a column's name: AsOfFrom of as_of_from, and SellerID of seller_id.
func columnOf(field string) string {
	var column strings.Builder
	for i, letter := range strings.ReplaceAll(field, "ID", "Id") {
		if unicode.IsUpper(letter) && i > 0 {
			column.WriteByte('_')
		}
		column.WriteRune(unicode.ToLower(letter))
	}
	return column.String()
}
