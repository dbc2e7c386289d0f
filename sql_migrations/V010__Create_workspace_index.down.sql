DROP TABLE workspace_chunks;
