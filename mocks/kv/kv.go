// Package kv is KV namespaces on Redis: one in this process by default, whose
// content is kept in a file, or a real one by its URL. Both are spoken to
// through the same client.
//
// Limits, results and error texts are those of the platform's simulator; see
// check.go. An entry that has expired is never given out, whichever clock the
// Redis runs by.
//
//	kv.get ─▶ journal (have others written?) ─▶ Redis
//	kv.put ─▶ journal (committed) ─▶ Redis
package kv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Config says where namespaces are.
type Config struct {
	Dir     string            // where the state of the Redis in this process is kept
	URL     string            // of a real Redis, in place of that
	Project string            // what keys in a real Redis begin with
	Notify  func(text string) // told what a user should know; may be nil
	Now     func() time.Time  // time.Now where nil

	// MaxBytes is how large the file in Dir may become; 0 is without limit.
	MaxBytes int64
}

// Store is the namespaces of one project. It implements [mocks.Part].
type Store struct {
	redisStore
	now     func() time.Time
	journal *journal // nil on a real Redis
	inside  *miniredis.Miniredis
	loading sync.WaitGroup
}

// New opens the store.
func New(config Config) (*Store, error) {
	s := &Store{now: config.Now}
	if s.now == nil {
		s.now = time.Now
	}
	quiet()
	if config.URL != "" {
		client, err := connect(config.URL)
		if err != nil {
			return nil, err
		}
		s.redisStore = redisStore{client: client, prefix: config.Project, where: Host(config.URL)}
		return s, nil
	}
	notify := config.Notify
	if notify == nil {
		notify = func(string) {}
	}
	var err error
	if s.journal, err = openJournal(config, s.now(), notify); err != nil {
		return nil, fmt.Errorf("open the KV store: %w", err)
	}
	// Not miniredis' own pipe in memory: it has no buffer, so that a long pipeline
	// and its first replies would wait for each other.
	password := rand.Text()
	s.inside = miniredis.NewMiniRedis()
	s.inside.RequireAuth(password)
	if err := s.inside.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the Redis of this process: %w", err), s.journal.close())
	}
	s.redisStore = redisStore{where: "this process", keys: newKeyIndex(), client: redis.NewClient(&redis.Options{
		Addr: s.inside.Addr(), Password: password, Protocol: 2, DisableIdentity: true, PoolSize: 16, ContextTimeoutEnabled: true,
	})}
	// What is kept is read while the worker is imported.
	s.loading.Go(func() { _ = s.read(context.Background()) }) // the first call meets the same error
	return s, nil
}

// quiet keeps the client's own log off the screen: its errors are returned.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

// Printf implements the client's logger.
func (silence) Printf(context.Context, string, ...any) {}

// Host is the host of a Redis's URL, without the password.
func Host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "the URL given"
}

// Close lets go of the Redis. What was written is kept already.
func (s *Store) Close() error {
	s.loading.Wait()
	err := s.client.Close()
	if s.journal != nil {
		err = errors.Join(err, s.journal.close())
		s.inside.Close()
	}
	return err
}

// read makes sure that what other processes have written is seen.
func (s *Store) read(ctx context.Context) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.pending(func(changes []change) error { return s.load(ctx, changes) })
}

// write makes changes durable.
func (s *Store) write(ctx context.Context, changes []change) error {
	if s.journal == nil {
		return s.apply(ctx, changes)
	}
	// What is committed is also applied, even where the request ends meanwhile.
	ctx = context.WithoutCancel(ctx)
	return s.journal.write(changes, func(changes []change) error { return s.load(ctx, changes) })
}

// load applies changes to the Redis in this process: by its own means where
// there are many, which is ten times as fast as commands.
func (s *Store) load(ctx context.Context, changes []change) error {
	if len(changes) < 32 {
		return s.apply(ctx, changes)
	}
	var in names
	namespace := ""
	for i, c := range changes {
		if i == 0 || c.namespace != namespace {
			namespace = c.namespace
			in = s.names(namespace)
		}
		key, about := in.value(c.key), in.attributes(c.key)
		if c.value == nil {
			s.inside.Del(key)
			s.inside.Del(about)
			continue
		}
		text, err := c.encode()
		if err != nil {
			return err
		}
		if text == "" {
			s.inside.Del(about)
		} else if err := s.inside.Set(about, text); err != nil {
			return err
		}
		if err := s.inside.Set(key, string(c.value)); err != nil {
			return err
		}
	}
	s.keys.apply(changes)
	return nil
}

// entries reads entries; nil where there is none.
func (s *Store) entries(ctx context.Context, namespace string, keys []string) ([]*entry, error) {
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	entries, err := s.get(ctx, namespace, keys)
	now := s.now()
	for i, e := range entries {
		if e != nil && e.expired(now) {
			entries[i] = nil
		}
	}
	return entries, err
}
