-- Who administers, what they did, and figures of everything that was sent.

-- Roles beside the administrator's, accounts that are locked, and names to be found by.
ALTER TABLE account
  MODIFY COLUMN role VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'support', 'security', 'admin')),
  ADD COLUMN IF NOT EXISTS locked_at DATETIME(6) NULL COMMENT 'since when nobody signs in with it' AFTER cooling_off_until,
  ADD COLUMN IF NOT EXISTS name_key VARCHAR(100) GENERATED ALWAYS AS (LOWER(name)) STORED COMMENT 'what a name is looked for by',
  ADD KEY IF NOT EXISTS account_name (name_key);

-- Which factor raised a session: an administrator's has to be an app's.
ALTER TABLE session
  ADD COLUMN IF NOT EXISTS factor VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'the one that raised it to level 2' CHECK (factor IN ('sms', 'app', 'backup')) AFTER aal;

-- Every act of an administrator, and every look at what is personal. Each entry's MAC covers the one before, so that what is
-- changed, removed, or moved is found; the programs may insert and read, and nothing else.
CREATE TABLE IF NOT EXISTS audit_entry (
  sequence     BIGINT NOT NULL PRIMARY KEY COMMENT 'without gaps' CHECK (sequence > 0),
  at           DATETIME(6) NOT NULL,
  event        VARCHAR(40) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  severity     VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  admin_id     BINARY(16) NULL COMMENT 'NULL for the operator at the machine',
  admin_email  VARCHAR(254) NOT NULL,
  target_id    BINARY(16) NULL COMMENT 'the account it is about',
  target_email VARCHAR(254) NULL,
  description  VARCHAR(255) NOT NULL,
  metadata     TEXT NOT NULL COMMENT 'JSON: the reason, and what was done to what',
  address      VARBINARY(45) NOT NULL,
  request_id   VARCHAR(64) NOT NULL,
  key_id       INT UNSIGNED NOT NULL COMMENT 'the key of the ring that made the MAC',
  previous     BINARY(32) NOT NULL COMMENT 'the MAC of the entry before',
  mac          BINARY(32) NOT NULL COMMENT 'over all columns before it',
  KEY audit_entry_target (target_id, sequence),
  KEY audit_entry_admin (admin_id, sequence),
  KEY audit_entry_event (event, sequence)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The end of the chain: whoever adds an entry holds it until the transaction ends.
CREATE TABLE IF NOT EXISTS audit_head (
  id       TINYINT NOT NULL PRIMARY KEY,
  sequence BIGINT NOT NULL,
  mac      BINARY(32) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
INSERT IGNORE INTO audit_head (id, sequence, mac) VALUES (1, 0, REPEAT('\0', 32));

-- Acts that wait for a second administrator.
CREATE TABLE IF NOT EXISTS approval (
  id           BINARY(16) NOT NULL PRIMARY KEY,
  act          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  target_id    BINARY(16) NULL COMMENT 'the account it is about',
  body_sealed  MEDIUMBLOB NOT NULL COMMENT 'what was asked for, sealed for this row',
  reason       VARCHAR(500) NOT NULL,
  requested_by BINARY(16) NOT NULL,
  created_at   DATETIME(6) NOT NULL,
  expires_at   DATETIME(6) NOT NULL,
  decided_by   BINARY(16) NULL,
  decided_at   DATETIME(6) NULL,
  decision     VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL CHECK (decision IN ('approved', 'rejected')),
  KEY approval_open (decided_at, expires_at),
  CONSTRAINT approval_second_person CHECK (decision <> 'approved' OR decided_by <> requested_by)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Limits that administrators have changed; in force in place of the configuration's.
CREATE TABLE IF NOT EXISTS limit_setting (
  name       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL PRIMARY KEY COMMENT 'as the abuse rules call it',
  value      INT NOT NULL,
  updated_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

ALTER TABLE destination_rule
  ADD COLUMN IF NOT EXISTS value_sealed VARBINARY(96) NULL COMMENT 'a number, sealed for this row, to be shown masked' AFTER value;

-- An alert is raised once while it is open, and told to people by the courier.
ALTER TABLE alert
  ADD COLUMN IF NOT EXISTS times INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'how often it was raised while it is open' AFTER detail,
  ADD COLUMN IF NOT EXISTS last_at DATETIME(6) NULL COMMENT 'when it was last raised, where that was more than once' AFTER created_at,
  ADD COLUMN IF NOT EXISTS told_at DATETIME(6) NULL COMMENT 'when the courier passed it on' AFTER last_at,
  ADD COLUMN IF NOT EXISTS resolved_by BINARY(16) NULL COMMENT 'the administrator; NULL where what it is about has passed by itself',
  ADD COLUMN IF NOT EXISTS resolution VARCHAR(500) NULL,
  ADD COLUMN IF NOT EXISTS open_subject VARBINARY(64) GENERATED ALWAYS AS (IF(resolved_at IS NULL, subject, NULL)) STORED,
  DROP KEY IF EXISTS alert_subject,
  ADD UNIQUE KEY IF NOT EXISTS alert_open (kind, open_subject),
  ADD KEY IF NOT EXISTS alert_untold (told_at, created_at),
  ADD KEY IF NOT EXISTS alert_resolved (resolved_at, id);
UPDATE alert SET told_at = created_at WHERE told_at IS NULL;

ALTER TABLE host_event
  ADD COLUMN IF NOT EXISTS endpoint VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'host' COMMENT 'who is told: the host, or whoever watches alerts' CHECK (endpoint IN ('host', 'alerts')) AFTER id,
  MODIFY COLUMN body VARBINARY(16000) NOT NULL COMMENT 'JSON, as it is signed and sent';

-- What messages are looked for by. Kinds and countries never change and troubles are few, so their indexes grow at one end.
ALTER TABLE message
  ADD COLUMN IF NOT EXISTS destination_ending BINARY(4) NOT NULL DEFAULT '\0\0\0\0' COMMENT 'keyed hash of a number''s last four digits' AFTER destination_hash,
  ADD COLUMN IF NOT EXISTS used_at DATETIME(6) NULL COMMENT 'when the code in it was used',
  ADD COLUMN IF NOT EXISTS trouble VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin GENERATED ALWAYS AS (IF(status IN ('failed', 'undelivered', 'expired', 'unknown'), status, NULL)) STORED COMMENT 'the states that few messages have',
  DROP KEY IF EXISTS message_account,
  ADD KEY IF NOT EXISTS message_of_account (account_id),
  ADD KEY IF NOT EXISTS message_destination (destination_ending, destination_hash(4)),
  ADD KEY IF NOT EXISTS message_kind (kind),
  ADD KEY IF NOT EXISTS message_country (country),
  ADD KEY IF NOT EXISTS message_trouble (trouble);

-- What messages have become since they were last added to message_count: each connection has rows of its own (its shard), so that
-- none waits for another, and a row stands for all messages that made the same move. A message that the courier has just now
-- counts as queued.
CREATE TABLE IF NOT EXISTS message_move (
  shard        SMALLINT NOT NULL,
  minute       INT NOT NULL COMMENT 'since 1970, of the messages'' making',
  kind         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  channel      VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  country      VARCHAR(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  old_provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  old_status   VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'empty for messages that were made',
  new_provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  new_status   VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  messages     INT NOT NULL,
  old_used     INT NOT NULL COMMENT 'of those, with a code that was used before the move',
  new_used     INT NOT NULL,
  old_price    BIGINT NOT NULL COMMENT 'of all of them, in millionths of a US dollar',
  new_price    BIGINT NOT NULL,
  PRIMARY KEY (shard, minute, kind, channel, country, old_provider, old_status, new_provider, new_status)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- How many messages there are of each sort: ever, by day, by hour, and, for a few days and without kind and country, by minute.
-- With what waits in message_move it is exact at any moment.
CREATE TABLE IF NOT EXISTS message_count (
  span     VARCHAR(6) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (span IN ('ever', 'day', 'hour', 'minute')),
  start    INT NOT NULL COMMENT 'minutes since 1970; 0 for ever',
  kind     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  channel  VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  country  VARCHAR(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  status   VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  messages INT NOT NULL,
  used     INT NOT NULL,
  price    BIGINT NOT NULL,
  PRIMARY KEY (span, start, kind, channel, country, provider, status)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- How many accounts there are; each connection counts in a row of its own.
CREATE TABLE IF NOT EXISTS account_count (
  shard      SMALLINT NOT NULL PRIMARY KEY,
  accounts   INT NOT NULL,
  with_phone INT NOT NULL,
  verified   INT NOT NULL,
  two_factor INT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Counting is the database's: no statement, whoever makes it, moves a message and forgets to count it. What fills whole
-- tables (`countersignctl seed`) sets the variable, and counts afterwards.
CREATE OR REPLACE TRIGGER message_made AFTER INSERT ON message FOR EACH ROW
BEGIN
  IF @countersign_counts_later IS NULL THEN
    INSERT INTO message_move
    VALUES (CONNECTION_ID() MOD 251, TIMESTAMPDIFF(MINUTE, '1970-01-01', NEW.created_at), NEW.kind, NEW.channel, COALESCE(NEW.country, ''), '', '',
            COALESCE(NEW.provider, ''), IF(NEW.status = 'sending', 'queued', NEW.status), 1, 0, NEW.used_at IS NOT NULL, 0, COALESCE(NEW.price, 0))
        ON DUPLICATE KEY UPDATE messages = messages + 1, new_used = new_used + VALUES(new_used), new_price = new_price + VALUES(new_price);
  END IF;
END;

CREATE OR REPLACE TRIGGER message_moved AFTER UPDATE ON message FOR EACH ROW
BEGIN
  IF IF(OLD.status = 'sending', 'queued', OLD.status) <> IF(NEW.status = 'sending', 'queued', NEW.status)
     OR NOT OLD.provider <=> NEW.provider OR NOT OLD.price <=> NEW.price OR (OLD.used_at IS NULL) <> (NEW.used_at IS NULL) THEN
    INSERT INTO message_move
    VALUES (CONNECTION_ID() MOD 251, TIMESTAMPDIFF(MINUTE, '1970-01-01', OLD.created_at), OLD.kind, OLD.channel, COALESCE(OLD.country, ''),
            COALESCE(OLD.provider, ''), IF(OLD.status = 'sending', 'queued', OLD.status),
            COALESCE(NEW.provider, ''), IF(NEW.status = 'sending', 'queued', NEW.status),
            1, OLD.used_at IS NOT NULL, NEW.used_at IS NOT NULL, COALESCE(OLD.price, 0), COALESCE(NEW.price, 0))
        ON DUPLICATE KEY UPDATE messages = messages + 1, old_used = old_used + VALUES(old_used), new_used = new_used + VALUES(new_used),
                                old_price = old_price + VALUES(old_price), new_price = new_price + VALUES(new_price);
  END IF;
END;

CREATE OR REPLACE TRIGGER account_made AFTER INSERT ON account FOR EACH ROW
BEGIN
  IF @countersign_counts_later IS NULL THEN
    INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
    VALUES (CONNECTION_ID() MOD 251, 1, NEW.phone_hash IS NOT NULL, NEW.phone_verified_at IS NOT NULL, NEW.second_factor IS NOT NULL)
        ON DUPLICATE KEY UPDATE accounts = accounts + 1, with_phone = with_phone + VALUES(with_phone),
                                verified = verified + VALUES(verified), two_factor = two_factor + VALUES(two_factor);
  END IF;
END;

CREATE OR REPLACE TRIGGER account_changed AFTER UPDATE ON account FOR EACH ROW
BEGIN
  IF (OLD.phone_hash IS NULL) <> (NEW.phone_hash IS NULL) OR (OLD.phone_verified_at IS NULL) <> (NEW.phone_verified_at IS NULL)
     OR (OLD.second_factor IS NULL) <> (NEW.second_factor IS NULL) THEN
    INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
    VALUES (CONNECTION_ID() MOD 251, 0, (NEW.phone_hash IS NOT NULL) - (OLD.phone_hash IS NOT NULL),
            (NEW.phone_verified_at IS NOT NULL) - (OLD.phone_verified_at IS NOT NULL), (NEW.second_factor IS NOT NULL) - (OLD.second_factor IS NOT NULL))
        ON DUPLICATE KEY UPDATE with_phone = with_phone + VALUES(with_phone), verified = verified + VALUES(verified),
                                two_factor = two_factor + VALUES(two_factor);
  END IF;
END;

CREATE OR REPLACE TRIGGER account_removed AFTER DELETE ON account FOR EACH ROW
BEGIN
  INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
  VALUES (CONNECTION_ID() MOD 251, -1, -(OLD.phone_hash IS NOT NULL), -(OLD.phone_verified_at IS NOT NULL), -(OLD.second_factor IS NOT NULL))
      ON DUPLICATE KEY UPDATE accounts = accounts - 1, with_phone = with_phone + VALUES(with_phone),
                              verified = verified + VALUES(verified), two_factor = two_factor + VALUES(two_factor);
END;

-- What was there before anybody counted: what there is more than was counted meanwhile, which is nothing the second time.
INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
SELECT 'hour', start, kind, channel, country, provider, status, SUM(messages), SUM(used), SUM(price)
  FROM (SELECT TIMESTAMPDIFF(HOUR, '1970-01-01', created_at) * 60 AS start, kind, channel, COALESCE(country, '') AS country,
               COALESCE(provider, '') AS provider, IF(status = 'sending', 'queued', status) AS status,
               COUNT(*) AS messages, COUNT(used_at) AS used, COALESCE(SUM(price), 0) AS price
          FROM message
         GROUP BY 1, 2, 3, 4, 5, 6
         UNION ALL
        SELECT start, kind, channel, country, provider, status, -messages, -used, -price
          FROM message_count
         WHERE span = 'hour'
         UNION ALL
        SELECT minute DIV 60 * 60, kind, channel, country, new_provider, new_status, -messages, -new_used, -new_price
          FROM message_move
         UNION ALL
        SELECT minute DIV 60 * 60, kind, channel, country, old_provider, old_status, messages, old_used, old_price
          FROM message_move
         WHERE old_status <> '') AS both_sides
 GROUP BY start, kind, channel, country, provider, status
    ON DUPLICATE KEY UPDATE messages = message_count.messages + VALUES(messages), used = message_count.used + VALUES(used),
                            price = message_count.price + VALUES(price);
INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
SELECT 'day', start, kind, channel, country, provider, status, SUM(messages), SUM(used), SUM(price)
  FROM (SELECT start DIV 1440 * 1440 AS start, kind, channel, country, provider, status, messages, used, price
          FROM message_count
         WHERE span = 'hour'
         UNION ALL
        SELECT start, kind, channel, country, provider, status, -messages, -used, -price
          FROM message_count
         WHERE span = 'day') AS both_sides
 GROUP BY start, kind, channel, country, provider, status
    ON DUPLICATE KEY UPDATE messages = message_count.messages + VALUES(messages), used = message_count.used + VALUES(used),
                            price = message_count.price + VALUES(price);
INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
SELECT 'ever', 0, kind, channel, country, provider, status, SUM(messages), SUM(used), SUM(price)
  FROM (SELECT kind, channel, country, provider, status, messages, used, price
          FROM message_count
         WHERE span = 'day'
         UNION ALL
        SELECT kind, channel, country, provider, status, -messages, -used, -price
          FROM message_count
         WHERE span = 'ever') AS both_sides
 GROUP BY kind, channel, country, provider, status
    ON DUPLICATE KEY UPDATE messages = message_count.messages + VALUES(messages), used = message_count.used + VALUES(used),
                            price = message_count.price + VALUES(price);
INSERT INTO message_count (span, start, kind, channel, country, provider, status, messages, used, price)
SELECT 'minute', start, '', channel, '', provider, status, SUM(messages), SUM(used), SUM(price)
  FROM (SELECT TIMESTAMPDIFF(MINUTE, '1970-01-01', created_at) AS start, channel, COALESCE(provider, '') AS provider,
               IF(status = 'sending', 'queued', status) AS status, COUNT(*) AS messages, COUNT(used_at) AS used,
               COALESCE(SUM(price), 0) AS price
          FROM message
         WHERE id >= UNHEX(CONCAT(LPAD(HEX((TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 120) * 60000), 12, '0'), REPEAT('0', 20)))
         GROUP BY 1, 2, 3, 4
         UNION ALL
        SELECT start, channel, provider, status, -messages, -used, -price
          FROM message_count
         WHERE span = 'minute'
           AND start >= TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 120
         UNION ALL
        SELECT minute, channel, new_provider, new_status, -messages, -new_used, -new_price
          FROM message_move
         WHERE minute >= TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 120
         UNION ALL
        SELECT minute, channel, old_provider, old_status, messages, old_used, old_price
          FROM message_move
         WHERE old_status <> ''
           AND minute >= TIMESTAMPDIFF(MINUTE, '1970-01-01', UTC_TIMESTAMP()) - 120) AS both_sides
 GROUP BY start, channel, provider, status
    ON DUPLICATE KEY UPDATE messages = message_count.messages + VALUES(messages), used = message_count.used + VALUES(used),
                            price = message_count.price + VALUES(price);
INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
SELECT 0, SUM(accounts), SUM(with_phone), SUM(verified), SUM(two_factor)
  FROM (SELECT COUNT(*) AS accounts, COUNT(phone_hash) AS with_phone, COUNT(phone_verified_at) AS verified, COUNT(second_factor) AS two_factor
          FROM account
         UNION ALL
        SELECT -accounts, -with_phone, -verified, -two_factor
          FROM account_count) AS both_sides
    ON DUPLICATE KEY UPDATE accounts = account_count.accounts + VALUES(accounts), with_phone = account_count.with_phone + VALUES(with_phone),
                            verified = account_count.verified + VALUES(verified), two_factor = account_count.two_factor + VALUES(two_factor);
