-- What a plan's workspace holds, in chunks that requests to the model are given by full-text search.
CREATE TABLE workspace_chunks (
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    path text NOT NULL,
    chunk_number integer NOT NULL CHECK (chunk_number >= 1),
    start_line integer NOT NULL CHECK (start_line >= 1),
    content text NOT NULL,
    -- the content's words, with identifiers also taken apart
    words text NOT NULL,
    search tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED,
    PRIMARY KEY (masterplan_id, path, chunk_number)
);
CREATE INDEX workspace_chunks_search ON workspace_chunks USING gin (search);
