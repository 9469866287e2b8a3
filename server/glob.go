package server

// matchGlob reports whether s matches a pattern of Redis: * any bytes, ? one
// byte, [a-c] and [^a-c] classes, \ the next byte as it is. fold ignores the
// case of ASCII letters. It goes back to the last star only, so its time is
// O(pattern · s) whatever the pattern.
func matchGlob(pattern, s []byte, fold bool) bool {
	starAt, resume := -1, 0
	p, i := 0, 0
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			starAt, resume = p, i
			p++
			continue
		}
		if p < len(pattern) {
			if ok, next := matchOne(pattern, p, s[i], fold); ok {
				p, i = next, i+1
				continue
			}
		}
		if starAt < 0 {
			return false
		}
		resume++
		p, i = starAt+1, resume
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches one byte with what stands at p, and returns where the pattern goes
// on.
func matchOne(pattern []byte, p int, c byte, fold bool) (ok bool, next int) {
	switch pattern[p] {
	case '?':
		return true, p + 1
	case '[':
		return matchClass(pattern, p+1, c, fold)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return folded(pattern[p], fold) == folded(c, fold), p + 1
}

// matchClass matches a class whose first byte is at p. A class that is not
// closed ends with the pattern, as in Redis.
func matchClass(pattern []byte, p int, c byte, fold bool) (ok bool, next int) {
	negated := p < len(pattern) && pattern[p] == '^'
	if negated {
		p++
	}
	c = folded(c, fold)
	for ; p < len(pattern) && pattern[p] != ']'; p++ {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			p++
			ok = ok || pattern[p] == c
		case p+2 < len(pattern) && pattern[p+1] == '-':
			low, high := folded(pattern[p], fold), folded(pattern[p+2], fold)
			ok = ok || min(low, high) <= c && c <= max(low, high)
			p += 2
		default:
			ok = ok || folded(pattern[p], fold) == c
		}
	}
	if p < len(pattern) {
		p++
	}
	return ok != negated, p
}

func folded(c byte, fold bool) byte {
	if fold && c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
