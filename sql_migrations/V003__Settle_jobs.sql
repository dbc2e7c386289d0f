-- A job that is about to commit what it did can no longer be cancelled: who asks for that is told so, and a
-- job that was cancelled before can no longer commit.
ALTER TABLE jobs ADD COLUMN settled boolean NOT NULL DEFAULT false;
