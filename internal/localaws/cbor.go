package localaws

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// jsonOfCBOR converts a CBOR body to JSON, so that one decoder reads both.
func jsonOfCBOR(body []byte) ([]byte, error) {
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain(v))
}

// plain converts a CBOR value for encoding/json. A timestamp becomes its seconds.
func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Uint:
		return uint64(v)
	case cbor.NegInt:
		return -int64(v) //nolint:gosec // no service accepts a number that overflows
	case cbor.Float32:
		return float32(v)
	case cbor.Float64:
		return float64(v)
	case cbor.String:
		return string(v)
	case cbor.Slice:
		return []byte(v)
	case cbor.Bool:
		return bool(v)
	case *cbor.Tag:
		return plain(v.Value)
	case cbor.List:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case cbor.Map:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plain(e)
		}
		return m
	default: // nil and undefined
		return nil
	}
}

// cborOf encodes the same fields as [json.Marshal], under the same names.
// Integers stay integers, and times get the tag of a timestamp.
func cborOf(v any) []byte { return cbor.Encode(tagged(reflect.ValueOf(v))) }

func tagged(v reflect.Value) cbor.Value {
	if v.Kind() == reflect.Struct {
		if at, ok := reflect.TypeAssert[epoch](v); ok {
			return &cbor.Tag{ID: 1, Value: cbor.Float64(at.seconds())}
		}
	}
	switch v.Kind() {
	case reflect.Invalid:
		return &cbor.Nil{}
	case reflect.Pointer, reflect.Interface:
		return tagged(v.Elem())
	case reflect.String:
		return cbor.String(v.String())
	case reflect.Bool:
		return cbor.Bool(v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		n := v.Int()
		if n < 0 {
			return cbor.NegInt(-n)
		}
		return cbor.Uint(n)
	case reflect.Float64:
		return cbor.Float64(v.Float())
	case reflect.Slice:
		list := cbor.List{}
		for i := range v.Len() {
			list = append(list, tagged(v.Index(i)))
		}
		return list
	case reflect.Map:
		m := cbor.Map{}
		for _, k := range v.MapKeys() {
			m[k.String()] = tagged(v.MapIndex(k))
		}
		return m
	case reflect.Struct:
		m := cbor.Map{}
		fields(v, m)
		return m
	default:
		panic(fmt.Sprintf("localaws: no CBOR for a %s", v.Type())) // the types here always encode
	}
}

// fields adds the fields of a struct, including those of embedded structs.
func fields(v reflect.Value, m cbor.Map) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			fields(v.Field(i), m)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		empty := options == "omitempty" && v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0
		if empty || strings.Contains(options, "omit") && v.Field(i).IsZero() {
			continue
		}
		m[name] = tagged(v.Field(i))
	}
}
