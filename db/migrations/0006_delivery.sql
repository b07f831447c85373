-- What the host tells of in bulk, when people want to hear of it, who wants no messages, what became of each message, and
-- what the host is told of that.

-- An answer to a batch holds a thousand results.
ALTER TABLE idempotent_answer MODIFY COLUMN body MEDIUMBLOB NULL COMMENT 'sealed for this row';

ALTER TABLE notification
  MODIFY COLUMN type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'payment_sent, low_balance, new_login, …';

-- When an account's owner is not to be woken, and below what its balance is low.
CREATE TABLE IF NOT EXISTS notification_setting (
  account_id  BINARY(16) NOT NULL PRIMARY KEY,
  quiet_from  SMALLINT NULL COMMENT 'minutes after midnight in its time zone; NULL for no quiet hours',
  quiet_until SMALLINT NULL,
  time_zone   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'UTC' COMMENT 'a name of the IANA database',
  threshold   BIGINT NULL COMMENT 'in minor units; NULL to take what the host says',
  currency    CHAR(3) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  CONSTRAINT notification_setting_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Who gets nothing from a sender of ours: somebody who answered STOP, an address that bounces.
CREATE TABLE IF NOT EXISTS suppression (
  destination_hash BINARY(32) NOT NULL COMMENT 'keyed hash of the number or address',
  sender           VARCHAR(48) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'the number or service of ours; * for all mail',
  reason           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  created_at       DATETIME(6) NOT NULL,
  PRIMARY KEY (destination_hash, sender)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What people answered, as far as it says whether they want messages; the text itself is not kept.
CREATE TABLE IF NOT EXISTS inbound_message (
  provider_sid     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL PRIMARY KEY,
  sender           VARCHAR(48) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'which of ours it went to',
  destination_hash BINARY(32) NOT NULL COMMENT 'who wrote',
  word             VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'stop, start, help; NULL for anything else',
  received_at      DATETIME(6) NOT NULL,
  KEY inbound_message_person (destination_hash, received_at),
  KEY inbound_message_received (received_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Events of providers that were taken already: they come several times.
CREATE TABLE IF NOT EXISTS webhook_event (
  provider    VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  event_id    VARBINARY(100) NOT NULL,
  received_at DATETIME(6) NOT NULL,
  PRIMARY KEY (provider, event_id),
  KEY webhook_event_received (received_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

ALTER TABLE early_callback
  ADD COLUMN IF NOT EXISTS failure VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL AFTER error_code,
  ADD COLUMN IF NOT EXISTS price BIGINT NULL AFTER failure,
  ADD COLUMN IF NOT EXISTS sender VARCHAR(48) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL AFTER price;

ALTER TABLE message
  MODIFY COLUMN lane TINYINT NOT NULL COMMENT '0 codes, 1 security notices, 2 notifications',
  MODIFY COLUMN queue_lane TINYINT NULL COMMENT 'the lane while it waits to be sent, 3 while its receipt is waited for, else NULL',
  ADD COLUMN IF NOT EXISTS carrier TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'which of the channel''s providers is next, or was last' AFTER attempts,
  ADD COLUMN IF NOT EXISTS segments TINYINT UNSIGNED NULL COMMENT 'of a text message' AFTER country,
  ADD COLUMN IF NOT EXISTS price BIGINT NULL COMMENT 'in millionths of a US dollar' AFTER segments,
  ADD COLUMN IF NOT EXISTS is_price_known TINYINT NOT NULL DEFAULT 0 COMMENT 'the provider said so; else it is what we expect' AFTER price,
  ADD COLUMN IF NOT EXISTS fallback_sealed VARBINARY(2048) NULL COMMENT 'what is said on the phone when a receipt says that the text failed; wiped with the code' AFTER payload_sealed;

-- What the host is to hear, in order for each subject, until it has answered with a 2xx.
CREATE TABLE IF NOT EXISTS host_event (
  id           BINARY(16) NOT NULL PRIMARY KEY COMMENT 'in the order of their making',
  type         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  subject      BINARY(16) NOT NULL COMMENT 'the message or account it is about: those of one are sent one after another',
  body         VARBINARY(2048) NOT NULL COMMENT 'JSON, as it is signed and sent',
  status       VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead')),
  due_at       DATETIME(6) NOT NULL,
  owner        BINARY(16) NULL,
  attempts     SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  last_answer  SMALLINT NULL COMMENT 'HTTP status; 0 when there was no answer',
  created_at   DATETIME(6) NOT NULL,
  finished_at  DATETIME(6) NULL,
  KEY host_event_due (status, due_at),
  KEY host_event_subject (subject, status, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
