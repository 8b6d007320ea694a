package netstack

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	gvisor "gvisor.dev/gvisor/pkg/log"
)

// gvisorLog passes on what gVisor's packages log. They have one logger for the whole process, which would print to the standard
// error: it becomes that of log/slog.
type gvisorLog struct{}

// Emit implements gVisor's Emitter.
func (gvisorLog) Emit(_ int, level gvisor.Level, _ time.Time, format string, v ...any) {
	to := slog.LevelDebug
	if level == gvisor.Warning {
		to = slog.LevelInfo // gVisor warns of what any peer can do
	}
	slog.Default().Log(context.Background(), to, fmt.Sprintf(format, v...), "component", "gvisor")
}
