/* schema.c: the tables of a custody store.
 *
 * Times are nanoseconds since 1970 UTC (INTEGER), days are days since 1970.  Every EPC, place and
 * party column holds a KEY: the GS1 element string as a path ("01/GTIN14/21/SERIAL", "00/SSCC",
 * "414/GLN[/254/EXT]", "417/GLN", see gs1.h), so that a URN and a Digital Link are one; anything
 * that is no GS1 key is kept as written.  `names` gives the form to print.  Numbers that decide
 * are whole: milligrams, milliwatts, watts, millionths. */
#include "custody/schema.h"

#include <stddef.h>

static const char step1[] =
    /* key -> the form to print; rank 0: a side table wrote it, 1: seen in an event only */
    "CREATE TABLE names (key TEXT PRIMARY KEY, shown TEXT NOT NULL, rank INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    /* id: eventID, else ni:///sha-256;…  declares: carries an errorDeclaration.  voided_by: seq
     * of the declaration that voids it.  record_time NULL: none was given; known_time is
     * record_time, else the store's clock at capture.  biz_step, disposition: bare words where
     * CBV has them.  replaces: key that plm:replacesEPC names. */
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, event_id TEXT,"
    " hash BLOB NOT NULL, declares INTEGER NOT NULL, voided_by INTEGER,"
    " event_time INTEGER NOT NULL, offset_min INTEGER NOT NULL, record_time INTEGER,"
    " known_time INTEGER NOT NULL, type TEXT NOT NULL, action TEXT, biz_step TEXT,"
    " disposition TEXT, read_point TEXT, biz_location TEXT, parent TEXT, replaces TEXT,"
    " json TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX events_id ON events (id, declares);"
    "CREATE INDEX events_hash ON events (hash);"
    /* role: list parent child input output; quantity (decimal text) and uom for class lists */
    "CREATE TABLE event_epcs (event INTEGER NOT NULL, ord INTEGER NOT NULL, role TEXT NOT NULL,"
    " epc TEXT NOT NULL, quantity TEXT, uom TEXT, PRIMARY KEY (event, ord))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX event_epcs_epc ON event_epcs (epc, event);"
    /* dir: source destination; type: bare word (possessing_party owning_party location) */
    "CREATE TABLE event_parties (event INTEGER NOT NULL, ord INTEGER NOT NULL, dir TEXT NOT NULL,"
    " type TEXT NOT NULL, party TEXT NOT NULL, PRIMARY KEY (event, ord)) STRICT, WITHOUT ROWID;"
    /* type: po, rma, License … (last segment); paper: the URI's last segment; uri: as written */
    "CREATE TABLE event_papers (event INTEGER NOT NULL, ord INTEGER NOT NULL, type TEXT NOT NULL,"
    " paper TEXT NOT NULL, uri TEXT NOT NULL, PRIMARY KEY (event, ord)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX event_papers_paper ON event_papers (paper, event);"
    /* one row a sensor report that has a value; value is the decimal as written */
    "CREATE TABLE event_sensors (event INTEGER NOT NULL, ord INTEGER NOT NULL, type TEXT NOT NULL,"
    " value TEXT NOT NULL, uom TEXT, PRIMARY KEY (event, ord)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE event_devices (event INTEGER NOT NULL, ord INTEGER NOT NULL, epc TEXT NOT NULL,"
    " device_id TEXT NOT NULL, PRIMARY KEY (event, ord)) STRICT, WITHOUT ROWID;"
    /* correctiveEventIDs of a declaration */
    "CREATE TABLE event_corrections (event INTEGER NOT NULL, ord INTEGER NOT NULL,"
    " corrective TEXT NOT NULL, PRIMARY KEY (event, ord)) STRICT, WITHOUT ROWID;";

static const char step1_tables[] =
    /* digest: SHA-256 of the row as read, to tell new from changed from same */
    "CREATE TABLE licenses (id TEXT PRIMARY KEY, digest BLOB NOT NULL, kind TEXT NOT NULL,"
    " code TEXT, consignee TEXT, quantity INTEGER, valid_from INTEGER, valid_to INTEGER,"
    " cap_tpp_per_year INTEGER) STRICT;"
    /* what: country sku site (a key) */
    "CREATE TABLE license_items (license TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (license, what, value)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE license_amendments (license TEXT NOT NULL, ord INTEGER NOT NULL,"
    " day INTEGER NOT NULL, quantity INTEGER, PRIMARY KEY (license, ord)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sites (id TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT, kind TEXT,"
    " operator TEXT, country TEXT, lat REAL, lon REAL, pue_millionths INTEGER, attests TEXT)"
    " STRICT;"
    "CREATE TABLE site_power (site TEXT NOT NULL, ord INTEGER NOT NULL, day INTEGER NOT NULL,"
    " watts INTEGER NOT NULL, PRIMARY KEY (site, ord)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE devices (epc TEXT PRIMARY KEY, digest BLOB NOT NULL, device_id TEXT, kind TEXT,"
    " sku TEXT, tpp INTEGER, tdp_milliwatts INTEGER, mass_mg INTEGER, made INTEGER) STRICT;"
    "CREATE INDEX devices_device_id ON devices (device_id);"
    "CREATE TABLE orders (id TEXT PRIMARY KEY, digest BLOB NOT NULL, placed INTEGER, seller TEXT,"
    " buyer TEXT, buyer_name TEXT, buyer_country TEXT, buyer_address TEXT, buyer_phone TEXT,"
    " buyer_director TEXT, buyer_email_domain TEXT, buyer_founded INTEGER, buyer_group TEXT,"
    " payer TEXT, sku TEXT, chips INTEGER, license TEXT, ship_to TEXT, amended_on INTEGER,"
    " amended_ship_to TEXT, status TEXT) STRICT;"
    "CREATE TABLE attestations (id TEXT PRIMARY KEY, digest BLOB NOT NULL, time INTEGER NOT NULL,"
    " mode TEXT, site TEXT, host_id TEXT, host_epc TEXT, leaf TEXT, verifier TEXT, result TEXT)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE attestation_devices (attestation TEXT NOT NULL, ord INTEGER NOT NULL,"
    " device_id TEXT, epc TEXT, PRIMARY KEY (attestation, ord)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE locations (id TEXT PRIMARY KEY, digest BLOB NOT NULL, time INTEGER NOT NULL,"
    " device_id TEXT, site TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE location_bounds (location TEXT NOT NULL, ord INTEGER NOT NULL, landmark TEXT,"
    " operator TEXT, lat REAL NOT NULL, lon REAL NOT NULL, km_max REAL NOT NULL,"
    " PRIMARY KEY (location, ord)) STRICT, WITHOUT ROWID;";

static const char step1_desk[] =
    /* json: the finding as printed; recorded: the clock when it was first stored */
    "CREATE TABLE findings (id TEXT PRIMARY KEY, kind TEXT NOT NULL, severity TEXT NOT NULL,"
    " first_seen INTEGER, recorded INTEGER NOT NULL, json TEXT NOT NULL) STRICT;"
    "CREATE TABLE finding_subjects (finding TEXT NOT NULL, subject TEXT NOT NULL,"
    " PRIMARY KEY (finding, subject)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX finding_subjects_subject ON finding_subjects (subject);"
    /* state: open closed */
    "CREATE TABLE checks (id TEXT PRIMARY KEY, target TEXT NOT NULL, opened INTEGER NOT NULL,"
    " state TEXT NOT NULL, closed INTEGER, reason TEXT, json TEXT NOT NULL) STRICT;"
    "CREATE TABLE check_records (check_id TEXT NOT NULL, ord INTEGER NOT NULL,"
    " recorded INTEGER NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL,"
    " PRIMARY KEY (check_id, ord)) STRICT, WITHOUT ROWID;"
    /* the transparency log: leaf idx from 0 without a gap.  kind: event verdict decision finding.
     * The leaf's bytes are events.json of `event`, or `record` for the other kinds. */
    "CREATE TABLE log_leaves (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, kind TEXT NOT NULL,"
    " ref TEXT NOT NULL, event INTEGER, record TEXT) STRICT;"
    /* leaves of events are found through events.id, which keeps one random key out of a capture */
    "CREATE INDEX log_leaves_event ON log_leaves (event);"
    "CREATE INDEX log_leaves_ref ON log_leaves (ref) WHERE event IS NULL;"
    /* one row a commit that added leaves: frontier is the hashes of the complete subtrees */
    "CREATE TABLE log_heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL, frontier BLOB NOT NULL)"
    " STRICT;"
    "CREATE TABLE log_checkpoints (size INTEGER NOT NULL, vkey TEXT NOT NULL, note TEXT NOT NULL,"
    " PRIMARY KEY (size, vkey)) STRICT, WITHOUT ROWID;"
    /* compute caps.  content: the posting as read, fields in a fixed order.  tpp: decimal text.
     * moves_to: JSON of a transfer's other side.  Entries of a posting sum to zero; day is that of
     * the lot an entry draws on or makes. */
    "CREATE TABLE caps_postings (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " content TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL, country TEXT, company TEXT,"
    " consignee TEXT, license TEXT, site TEXT, sku TEXT, chips INTEGER NOT NULL,"
    " tpp TEXT NOT NULL, moves_to TEXT) STRICT;"
    "CREATE TABLE caps_entries (posting INTEGER NOT NULL, ord INTEGER NOT NULL,"
    " account TEXT NOT NULL, day INTEGER NOT NULL, tpp TEXT NOT NULL,"
    " PRIMARY KEY (posting, ord)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX caps_entries_account ON caps_entries (account);";

/* Random keys leave the B-trees, which fall to a tenth of their speed once they outgrow memory, for
 * sorted runs (runs.h).  A page is a run's number shifted by 24 bits plus its own; first is the
 * key of its first entry.  The leaf of an event is found by halving: leaves of events stand in
 * the order of their events.  Declarations are few, and are looked for at each event. */
static const char step4_runs[] =
    "DROP INDEX events_id; DROP INDEX events_hash; DROP INDEX event_epcs_epc;"
    "DROP INDEX event_papers_paper; DROP INDEX log_leaves_event;"
    "CREATE INDEX events_declared_id ON events (id) WHERE declares = 1;"
    "CREATE INDEX events_declared_hash ON events (hash) WHERE declares = 1;"
    "CREATE TABLE index_runs (run INTEGER PRIMARY KEY, entries INTEGER NOT NULL,"
    " pages INTEGER NOT NULL) STRICT;"
    "CREATE TABLE index_pages (at INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    " body BLOB NOT NULL) STRICT;";

/* What a watch that goes on needs to know of: rows of side tables new or changed, in order, and the
 * events that a declaration voided. */
static const char step5_feed[] =
    "CREATE TABLE load_feed (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL) STRICT;"
    "CREATE INDEX events_voided ON events (voided_by) WHERE voided_by IS NOT NULL;";

/* An event is one row: what its lists hold is packed into parts (parts.h).  event_id: '' says the
 * same as id, which older rows repeat.  Leaf hashes stand 256 to a row; leaves of events are
 * numbered in the order of the events, so only the other leaves have rows, which say how many
 * leaves of events stand before them.  Between this step and the next the rows are moved
 * (forward.c). */
static const char step6_parts[] =
    "ALTER TABLE events ADD COLUMN parts BLOB;"
    "CREATE TABLE log_tiles (at INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;"
    "CREATE TABLE log_records (idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, ref TEXT NOT NULL,"
    " record TEXT NOT NULL, events INTEGER NOT NULL) STRICT;"
    "CREATE INDEX log_records_ref ON log_records (ref);"
    "CREATE INDEX log_records_events ON log_records (events, idx);";

static const char step7_drop[] =
    "DROP TABLE event_epcs; DROP TABLE event_parties; DROP TABLE event_papers;"
    "DROP TABLE event_sensors; DROP TABLE event_devices; DROP TABLE event_corrections;"
    "DROP TABLE log_leaves;";

/* The page of a run where a key may begin, by one look: a run's number is at / 2^24. */
static const char step8_first[] =
    "CREATE INDEX index_pages_first ON index_pages ((at / 16777216), first, at);";

const char *const plm_schema_steps[] = {step1, step1_tables, step1_desk, step4_runs, step5_feed,
                                        step6_parts, step7_drop, step8_first, NULL};
