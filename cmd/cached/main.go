// Command cached runs the server.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"cached/server"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cached:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := pflag.NewFlagSet("cached", pflag.ContinueOnError)
	flags.SortFlags = false
	for _, d := range server.Directives() {
		flags.String(d.Name, d.Default, d.Summary)
	}
	version := flags.BoolP("version", "v", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version {
		fmt.Println("cached", server.Version)
		return nil
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	config := server.DefaultConfig()
	var failed error
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "version" && failed == nil {
			failed = config.Set(f.Name, f.Value.String())
		}
	})
	if failed != nil {
		return failed
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := server.Open(server.Options{Config: &config, Logger: logger})
	if err != nil {
		return err
	}
	logger.Info("Ready to accept connections", "address", s.Addr(), "version", server.Version, "pid", os.Getpid())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		logger.Info("Received a signal, shutting down", "signal", (<-signals).String())
		s.Close()
	}()
	s.Wait()
	logger.Info("Bye")
	return nil
}
