package gvariant

// Entry is one pair of a dictionary a{sv}; Value is stored inside a variant.
type Entry struct {
	Key   string
	Value Value
}

// Dict is a{sv} in the given order.
func Dict(entries ...Entry) Value {
	parts := make([][]byte, len(entries))
	for i, e := range entries {
		parts[i] = e.serialize()
	}
	return Value{typ: dictType, data: serializeArray(dictType, parts)}
}

func (e Entry) serialize() []byte {
	return serializeTuple(entryType, [][]byte{Str(e.Key).data, Variant(e.Value).data})
}

// Lookup finds key in a dictionary a{sv} and returns the value inside the
// variant. Of a key that is there twice it finds the first, as GLib does.
func (v Value) Lookup(key string) (Value, bool) {
	v.want("a{sv}")
	for i := range v.Len() {
		if e := v.element(i); e.hasKey(key) {
			return e.member(1).Unwrap(), true
		}
	}
	return Value{}, false
}

// Keys of a dictionary a{sv}, in stored order.
func (v Value) Keys() []string {
	v.want("a{sv}")
	keys := make([]string, v.Len())
	for i := range keys {
		keys[i] = v.element(i).member(0).Str()
	}
	return keys
}

// Set returns a copy of dictionary d (a{sv}) in which key has value, in place when
// the key was there and at the end otherwise. All other entries are copied byte
// for byte. A key that was there twice is there once afterwards.
func (d Value) Set(key string, value Value) Value {
	return d.replace(key, Entry{Key: key, Value: value}.serialize())
}

// Delete returns a copy of dictionary d (a{sv}) without key.
func (d Value) Delete(key string) Value { return d.replace(key, nil) }

// replace puts the serialized entry, if any, in the place of key.
func (d Value) replace(key string, entry []byte) Value {
	d.want("a{sv}")
	parts := make([][]byte, 0, d.Len()+1)
	for i := range d.Len() {
		e := d.element(i)
		if !e.hasKey(key) {
			parts = append(parts, e.data)
		} else if entry != nil {
			parts = append(parts, entry)
			entry = nil
		}
	}
	if entry != nil {
		parts = append(parts, entry)
	}
	return Value{typ: dictType, data: serializeArray(dictType, parts)}
}

// hasKey compares the key of a dict entry without making a string of it.
func (v Value) hasKey(key string) bool {
	k := v.member(0).data
	return string(k[:len(k)-1]) == key
}
