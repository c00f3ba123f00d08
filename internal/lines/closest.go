package lines

import "strings"

// DidYouMean suggests the Closest, if there is one.
func DidYouMean(given string, known []string) string {
	closest := Closest(given, known)
	if closest == "" {
		return ""
	}
	return " (did you mean " + closest + "?)"
}

// Closest is the one of known that given most likely meant: the nearest of those that
// contain it, or that differ in a third of it at most; "" if there is none. How much is
// missing hardly counts where given is whole words of it, or its beginning.
func Closest(given string, known []string) string {
	given = strings.ToLower(given)
	bare := strings.TrimLeft(given, "-")
	best, nearest := "", 0
	for _, k := range known {
		name := strings.ToLower(k)
		d := distance(given, name)
		near := d <= len(given)/3 || len(bare) >= 3 && strings.Contains(name, bare)
		switch {
		case bare != "" && strings.Contains("-"+strings.TrimLeft(name, "-")+"-", "-"+bare+"-"): // whole words of it
			near, d = true, min(d, 1)
		case strings.HasPrefix(name, given):
			d = min(d, 2)
		}
		if near && (best == "" || d < nearest) {
			best, nearest = k, d
		}
	}
	return best
}

// distance is Levenshtein's: how many bytes to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
