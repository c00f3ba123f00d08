package app

import "runtime/debug"

// version is stamped by the release build:
// -ldflags "-X lambda-release/internal/app.version=v1.2.3".
var version string

// Version is the stamped version, or the module version that Go has recorded.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
