package d1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// migrationsTable is where wrangler records migrations, and how it makes it.
const migrationsTable = `CREATE TABLE IF NOT EXISTS d1_migrations(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT UNIQUE,
	applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

// maxMigration bounds a migration's file in bytes.
const maxMigration = 64 << 20

// Migration is a file of a migrations folder.
type Migration struct {
	Name      string
	AppliedAt string // UTC, as SQLite's CURRENT_TIMESTAMP; "" for one not yet applied
}

// ListMigrations lists the migrations of dir/*.sql in the order in which they
// are applied. A folder that isn't there has none.
func (s *Store) ListMigrations(ctx context.Context, database, dir string) ([]Migration, error) {
	d, err := s.database(database)
	if err != nil {
		return nil, err
	}
	names, err := migrationFiles(dir)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var migrations []Migration
	err = d.use(ctx, func() error {
		applied, err := d.applied()
		for _, name := range names {
			migrations = append(migrations, Migration{Name: name, AppliedAt: applied[name]})
		}
		return err
	})
	return migrations, err
}

// Migrate applies those migrations of dir/*.sql that are not yet, in the order
// of their names, each in a transaction. The error of a broken one has its file's
// name and SQLite's text; of it nothing stays, and none after it is tried.
func (s *Store) Migrate(ctx context.Context, database, dir string) (applied []string, err error) {
	d, err := s.database(database)
	if err != nil {
		return nil, err
	}
	names, err := migrationFiles(dir)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	err = d.use(ctx, func() error {
		done, err := d.applied()
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, ok := done[name]; ok {
				continue
			}
			if err := d.migrate(dir, name); err != nil {
				return fmt.Errorf("migration %s: %w", name, worded(err, ""))
			}
			applied = append(applied, name)
		}
		return nil
	})
	return applied, err
}

// migrationFiles lists dir/*.sql by name.
func migrationFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the migrations: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".sql") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// applied reads which migrations are recorded, and when they were applied.
func (d *database) applied() (map[string]string, error) {
	var out rowsOf
	if _, _, err := d.run(migrationsTable, nil, &out); err != nil {
		return nil, err
	}
	if _, _, err := d.run("SELECT name, applied_at FROM d1_migrations", nil, &out); err != nil {
		return nil, err
	}
	applied := map[string]string{}
	for _, row := range out.rows {
		name, _ := row[0].(string)
		applied[name], _ = row[1].(string)
	}
	return applied, nil
}

// migrate applies one migration and records it.
func (d *database) migrate(dir, name string) error {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxMigration {
		return fmt.Errorf("it is larger than %d MB", maxMigration>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// The limit is a statement's, not a file's; run sees to that.
	d.conn.Limit(sqlite3.LIMIT_SQL_LENGTH, maxMigration)
	defer d.conn.Limit(sqlite3.LIMIT_SQL_LENGTH, maxSQL)
	return d.transaction(func() error {
		var out rowsOf
		if sql := skipBlank(string(text)); sql != "" {
			if _, _, err := d.run(sql, nil, &out); err != nil {
				return err
			}
		}
		_, _, err := d.run("INSERT INTO d1_migrations (name) VALUES (?)", []any{name}, &out)
		return err
	})
}
