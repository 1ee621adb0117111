package kv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// How a namespace lies in Redis. Its name is a hash tag, so that a cluster keeps
// all of it in one place and a write is one transaction:
//
//	pymode:{project/namespace}:k:KEY   the value
//	pymode:{project/namespace}:a:KEY   its attributes, as JSON, where there are any
//	pymode:{project/namespace}:index   sorted set of the keys, for lists in byte order; see keyIndex
//
// Strings rather than a hash for each entry, since any number of them is read
// by one command. Of an entry that expires, Redis drops the value by itself;
// attributes and key go when a list comes across them.

// attributes are what there is of an entry beside its value.
type attributes struct {
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Expiration int64           `json:"expiration,omitempty"` // seconds since 1970, 0 for never
}

// entry is what a namespace holds under a key.
type entry struct {
	value []byte
	attributes
}

// listed is a key as a list has it.
type listed struct {
	key string
	attributes
}

// redisStore is namespaces in a Redis.
type redisStore struct {
	client redis.UniversalClient
	keys   *keyIndex // nil where Redis has the index
	prefix string
	where  string // for messages
}

// names are those of a namespace's keys in Redis.
type names struct{ base string }

func (r *redisStore) names(namespace string) names {
	return names{"pymode:{" + url.QueryEscape(r.prefix) + "/" + url.QueryEscape(namespace) + "}:"}
}

func (n names) value(key string) string      { return n.base + "k:" + key }
func (n names) attributes(key string) string { return n.base + "a:" + key }
func (n names) index() string                { return n.base + "index" }

// connect returns the client for a URL: redis://, rediss://, or either with
// "-cluster" (redis-cluster://host?addr=host2:6379).
func connect(address string) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil, fmt.Errorf("%q is no URL: want redis://host:6379, rediss:// or redis-cluster://", address)
	}
	if single, isCluster := strings.CutSuffix(scheme, "-cluster"); isCluster {
		options, err := redis.ParseClusterURL(single + "://" + rest)
		if err != nil {
			return nil, plain(err)
		}
		options.DialTimeout, options.DialerRetries, options.ContextTimeoutEnabled = connectTimeout, 1, true
		return redis.NewClusterClient(options), nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, plain(err)
	}
	options.DialTimeout, options.DialerRetries, options.ContextTimeoutEnabled = connectTimeout, 1, true
	return redis.NewClient(options), nil
}

// CheckURL says what is wrong with a URL for [Config]; "" is none, and fine.
func CheckURL(address string) error {
	if address == "" {
		return nil
	}
	client, err := connect(address)
	if err != nil {
		return err
	}
	return client.Close()
}

const connectTimeout = 2 * time.Second

// plain is an error about a URL without the URL, which may hold a password.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// get reads entries; one that there is none of is nil.
func (r *redisStore) get(ctx context.Context, namespace string, keys []string) ([]*entry, error) {
	names := r.names(namespace)
	wanted := make([]string, 0, 2*len(keys))
	for _, key := range keys {
		wanted = append(wanted, names.value(key), names.attributes(key))
	}
	replies, err := r.client.MGet(ctx, wanted...).Result()
	if err != nil {
		return nil, r.unreachable(err)
	}
	entries := make([]*entry, len(keys))
	for i := range keys {
		value, found := replies[2*i].(string)
		if !found {
			continue
		}
		entries[i] = &entry{value: []byte(value)}
		entries[i].attributes = parseAttributes(replies[2*i+1])
	}
	return entries, nil
}

func parseAttributes(reply any) (a attributes) {
	if text, found := reply.(string); found {
		_ = json.Unmarshal([]byte(text), &a) // what somebody else has put there counts as none
	}
	return a
}

// encode gives the attributes as they are stored, "" for none.
func (a attributes) encode() (string, error) {
	if len(a.Metadata) == 0 && a.Expiration == 0 {
		return "", nil
	}
	text, err := json.Marshal(a)
	return string(text), err
}

// apply writes changes, each of a namespace's in one transaction.
func (r *redisStore) apply(ctx context.Context, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	pipelined := r.client.Pipelined
	if sameNamespace(changes) {
		pipelined = r.client.TxPipelined
	}
	_, err := pipelined(ctx, func(p redis.Pipeliner) error {
		for _, c := range changes {
			names := r.names(c.namespace)
			key, about := names.value(c.key), names.attributes(c.key)
			if c.value == nil {
				p.Del(ctx, key, about)
				if r.keys == nil {
					p.ZRem(ctx, names.index(), c.key)
				}
				continue
			}
			p.Set(ctx, key, c.value, 0)
			if c.Expiration != 0 {
				p.ExpireAt(ctx, key, time.Unix(c.Expiration, 0))
			}
			switch text, err := c.encode(); {
			case err != nil:
				return err
			case text == "":
				p.Del(ctx, about)
			default:
				p.Set(ctx, about, text, 0)
			}
			if r.keys == nil {
				p.ZAdd(ctx, names.index(), redis.Z{Member: c.key})
			}
		}
		return nil
	})
	if err != nil {
		return r.unreachable(err)
	}
	if r.keys != nil {
		r.keys.apply(changes)
	}
	return nil
}

func sameNamespace(changes []change) bool {
	for _, c := range changes {
		if c.namespace != changes[0].namespace {
			return false
		}
	}
	return true
}

// list returns up to limit keys that begin with prefix and come after the key
// after, in byte order, and whether there are more. Keys that have expired since
// are taken out of the index.
func (r *redisStore) list(ctx context.Context, namespace, prefix, after string, limit int, now time.Time) (keys []listed, more bool, err error) {
	for {
		wanted := limit + 1 - len(keys)
		names, err := r.keysAfter(ctx, namespace, prefix, after, wanted)
		if err != nil {
			return nil, false, err
		}
		live, err := r.live(ctx, namespace, names, now)
		if err != nil {
			return nil, false, err
		}
		if keys = append(keys, live...); len(keys) > limit {
			return keys[:limit], true, nil
		}
		if len(names) < wanted {
			return keys, false, nil
		}
		after = names[len(names)-1]
	}
}

// keysAfter returns up to limit keys that begin with prefix and come after the key
// after, of those that there are or were.
func (r *redisStore) keysAfter(ctx context.Context, namespace, prefix, after string, limit int) ([]string, error) {
	if r.keys != nil {
		return r.keys.list(namespace, prefix, after, limit), nil
	}
	low, high := "-", "+"
	if prefix != "" {
		low = "[" + prefix
		if end := successor(prefix); end != "" {
			high = "(" + end
		}
	}
	if after != "" && after >= prefix {
		low = "(" + after
	}
	keys, err := r.client.ZRangeByLex(ctx, r.names(namespace).index(), &redis.ZRangeBy{Min: low, Max: high, Count: int64(limit)}).Result()
	if err != nil {
		return nil, r.unreachable(err)
	}
	return keys, nil
}

// live are those of the names that are still there.
func (r *redisStore) live(ctx context.Context, namespace string, names []string, now time.Time) ([]listed, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in := r.names(namespace)
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = in.attributes(name)
	}
	replies, err := r.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, r.unreachable(err)
	}
	var live []listed
	var gone []string
	for i, name := range names {
		about := parseAttributes(replies[i])
		if about.expired(now) {
			gone = append(gone, name)
			continue
		}
		live = append(live, listed{key: name, attributes: about})
	}
	return live, r.forget(ctx, namespace, gone, now)
}

// forget takes what is left of expired entries away, unless one of them was
// written anew meanwhile.
func (r *redisStore) forget(ctx context.Context, namespace string, keys []string, now time.Time) error {
	if len(keys) == 0 {
		return nil
	}
	in := r.names(namespace)
	if r.keys != nil { // first, so that a key that is written anew after it is there
		r.keys.set(namespace, keys, false)
	}
	members := make([]any, len(keys))
	about := make([]string, len(keys))
	values := make([]string, len(keys))
	for i, key := range keys {
		members[i], about[i], values[i] = key, in.attributes(key), in.value(key)
	}
	err := r.client.Watch(ctx, func(tx *redis.Tx) error {
		replies, err := tx.MGet(ctx, about...).Result()
		if err != nil {
			return err
		}
		for _, reply := range replies {
			if a := parseAttributes(reply); !a.expired(now) {
				return redis.TxFailedErr
			}
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			if r.keys == nil {
				p.ZRem(ctx, in.index(), members...)
			}
			p.Del(ctx, append(about, values...)...)
			return nil
		})
		return err
	}, about...)
	if err != nil && r.keys != nil {
		r.keys.set(namespace, keys, true)
	}
	if err != nil && !errors.Is(err, redis.TxFailedErr) { // the next list does it
		return r.unreachable(err)
	}
	return nil
}

func (a attributes) expired(now time.Time) bool {
	return a.Expiration != 0 && a.Expiration <= now.Unix()
}

// successor is the first string after all that begin with prefix, "" where
// there is none.
func successor(prefix string) string {
	b := []byte(prefix)
	for len(b) > 0 && b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return ""
	}
	b[len(b)-1]++
	return string(b)
}

// unreachable says which Redis it is that failed.
func (r *redisStore) unreachable(err error) error {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("the Redis at %s does not answer: %w", r.where, err)
	}
	return err
}
