package artifact

import (
	"maps"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		text      string
		functions []string
		want      map[string]string // Given
	}{
		{"bare", "dist.zip", []string{"orders"}, map[string]string{"orders": "dist.zip"}},
		{"one, by name", "orders=dist", []string{"orders"}, map[string]string{"orders": "dist"}},
		{"key with a =", "s3://bucket/year=2026/x.zip", []string{"orders"}, map[string]string{"orders": "s3://bucket/year=2026/x.zip"}},
		{"path with a =", "./year=2026", []string{"orders"}, map[string]string{"orders": "./year=2026"}},
		{"several", "# builds\n\norders = dist/a b\r\n  bills=s3://bucket/year=2026/x.zip#v1\n", []string{"orders", "bills"},
			map[string]string{"orders": "dist/a b", "bills": "s3://bucket/year=2026/x.zip#v1"}},
		{"by ARN", "arn:aws:lambda:eu-central-1:123456789012:function:orders=dist\n123456789012:function:bills=dist\nfunction:carts=dist", []string{"orders", "bills", "carts"},
			map[string]string{"orders": "dist", "bills": "dist", "carts": "dist"}},
		{"image", "orders=" + ecr + "/orders:1\nbills=" + ecr + "/bills@sha256:" + hex64, []string{"orders", "bills"},
			map[string]string{"orders": ecr + "/orders:1", "bills": ecr + "/bills@sha256:" + hex64}},
		{"no functions", "orders=dist\ndist", nil, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sources, err := Parse(tt.text, tt.functions)
			got := map[string]string{}
			for name, s := range sources {
				got[name] = s.Given
			}
			if err != nil || !maps.Equal(got, tt.want) {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		text      string
		functions []string
		want      []string // a line each
	}{
		{"nothing", "\n# nothing\n", []string{"orders"}, []string{"no code for orders; write the path"}},
		{"missing", "orders=dist", []string{"orders", "bills", "carts"}, []string{"no code for bills, carts; write NAME=CODE for every function"}},
		{"bare for several", "dist", []string{"orders", "bills"}, []string{`line 1: "dist": one code for 2 functions; write NAME=CODE`}},
		{"two bare for one", "dist\n\nbuild", []string{"orders"}, []string{`line 3: "build": a second code for orders`}},
		{"twice", "orders=dist\norders=build", []string{"orders"}, []string{`line 2: "orders=build": a second code for orders`}},
		{"unknown", "order=dist", []string{"orders"}, []string{`line 1: "order=dist": this job has no function "order"; name a function of this job, or put ./`}},
		{"qualified", "arn:aws:lambda:eu-central-1:123456789012:function:orders:prod=dist", []string{"orders"}, []string{`this job has no function "arn:`}},
		{"empty code", "orders=", []string{"orders"}, []string{`line 1: "orders=": no code; write`}},
		{"each line", "orders=s3://\nbills=http://x\nzzz=dist", []string{"orders", "bills"}, []string{
			`line 1: "orders=s3://": "" is not the name of a bucket`,
			`line 2: "bills=http://x": Lambda takes no code from http://`,
			`line 3: "zzz=dist": this job has no function "zzz"`,
		}},
		{"wrong code is not missing", "orders=s3://\n", []string{"orders", "bills"}, []string{`line 1: "orders=s3://"`, "no code for bills"}},
		{"code is looked at without functions", "s3://", nil, []string{`line 1: "s3://": "" is not`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sources, err := Parse(tt.text, tt.functions)
			if err == nil || sources != nil {
				t.Fatalf("got %v, %v; want an error", sources, err)
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(tt.want) {
				t.Fatalf("got %d errors, want %d:\n%v", len(got), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got  %s\nwant %s", got[i], want)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("orders=dist\nbills=s3://b/k", "orders,bills")
	for _, code := range []string{"dist.zip", "dist/", "s3://bucket/key#v", ecr + "/orders:1", ecr + "/o@sha256:" + hex64, "arn:aws:s3:::b", "http://x", "C:/x"} {
		f.Add(code, "orders")
	}
	f.Fuzz(func(t *testing.T, text, names string) {
		functions := strings.Split(names, ",")
		sources, err := Parse(text, functions)
		if err != nil {
			return
		}
		for _, function := range functions {
			s := sources[function]
			file, bucket, image := s.Path != "", s.Bucket != "" && s.Key != "", s.ImageURI != ""
			want, known := map[Kind][3]bool{Zip: {true, false, false}, Folder: {true, false, false}, S3: {false, true, false}, Image: {false, false, true}}[s.Kind]
			if !known || want != [3]bool{file, bucket, image} {
				t.Fatalf("Parse(%q, %q) has %+v for %q, whose fields are not those of its kind", text, functions, s, function)
			}
		}
	})
}
