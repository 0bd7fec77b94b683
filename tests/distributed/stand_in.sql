-- A stand-in for the extension Citus on a plain PostgreSQL, for trying out what asks for it.
-- It moves no rows: it keeps what was asked, and refuses what Citus refuses of a table's keys.
CREATE SCHEMA stand_in;
CREATE TABLE stand_in.pg_dist_partition (
    logicalrelid regclass PRIMARY KEY,
    partmethod "char" NOT NULL,     -- h: spread by hash, n: whole on every node
    colocationid int NOT NULL
);

CREATE FUNCTION stand_in.refuse_keys(relation regclass, keyed_by text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    bad text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = keyed_by
                   AND atttypid = 'bigint'::regtype AND attnotnull) THEN
        RAISE EXCEPTION '%: no column % of bigint, not null', relation, keyed_by;
    END IF;
    SELECT i.indexrelid::regclass::text INTO bad FROM pg_index i
    WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = keyed_by
        AND a.attnum = ANY (i.indkey));
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION '%: % is unique without %', relation, bad, keyed_by USING ERRCODE = '0A000';
    END IF;
    SELECT c.conname INTO bad FROM pg_constraint c
    LEFT JOIN stand_in.pg_dist_partition p ON p.logicalrelid = c.confrelid
    WHERE c.conrelid = relation AND c.contype = 'f' AND NOT coalesce(p.partmethod = 'n', false)
    AND NOT ((c.confrelid = relation OR coalesce(p.partmethod = 'h', false))
        AND c.confdeltype NOT IN ('n', 'd') AND c.confupdtype NOT IN ('n', 'd', 'c')
        AND EXISTS (
            SELECT FROM unnest(c.conkey, c.confkey) AS pair (ours, theirs)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = pair.ours
            JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = pair.theirs
            WHERE a.attname = keyed_by AND b.attname = keyed_by));
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION '%: the foreign key % does not stay on a node', relation, bad
            USING ERRCODE = '42830';
    END IF;
END $$;

CREATE FUNCTION stand_in.refuse_triggers(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal) THEN
        RAISE EXCEPTION '%: triggers are not supported on distributed tables', relation;
    END IF;
END $$;

CREATE FUNCTION stand_in.create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    together int;
BEGIN
    PERFORM stand_in.refuse_keys(table_name, distribution_column);
    PERFORM stand_in.refuse_triggers(table_name);
    IF colocate_with = 'none' THEN
        SELECT coalesce(max(colocationid), 0) + 1 INTO together FROM stand_in.pg_dist_partition;
    ELSE
        SELECT colocationid INTO STRICT together FROM stand_in.pg_dist_partition
        WHERE logicalrelid = colocate_with::regclass AND partmethod = 'h';
    END IF;
    INSERT INTO stand_in.pg_dist_partition VALUES (table_name, 'h', together);
END $$;

CREATE FUNCTION stand_in.create_reference_table(table_name regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stand_in.refuse_triggers(table_name);
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = table_name AND c.contype = 'f'
               AND c.confrelid <> table_name AND c.confrelid NOT IN (
                   SELECT logicalrelid FROM stand_in.pg_dist_partition WHERE partmethod = 'n')) THEN
        RAISE EXCEPTION '%: refers to a table that is not whole everywhere', table_name;
    END IF;
    INSERT INTO stand_in.pg_dist_partition VALUES (table_name, 'n', 0);
END $$;

-- Two halves stand for two nodes.
CREATE FUNCTION stand_in.get_shard_id_for_distribution_column(
    table_name regclass, distribution_value anyelement
) RETURNS bigint LANGUAGE sql AS $$ SELECT (distribution_value::bigint % 2) + 102008 $$;

GRANT USAGE ON SCHEMA stand_in TO PUBLIC;
GRANT SELECT ON stand_in.pg_dist_partition TO PUBLIC;
GRANT INSERT, DELETE ON stand_in.pg_dist_partition TO creditbank_owner;
