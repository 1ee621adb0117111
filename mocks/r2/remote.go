package r2

import "context"

type service struct{}

func openService(context.Context, string, string) (*service, error) { return &service{}, nil }
func (s *service) close() error                                     { return nil }
func (s *service) bucket(name string, a *area) bucket               { return &files{a} }
