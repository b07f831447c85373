-- What goes out where, whether it is used, and what may go out at all.

-- One stamp more than the largest limit has, so that the event that is too many is seen.
ALTER TABLE limit_window
  MODIFY COLUMN stamps VARBINARY(2056) NOT NULL DEFAULT '' COMMENT 'microseconds since 1970, big-endian, so that bytes compare as times';

-- Codes sent, what they cost, and how many were used, for everything, each country, and each prefix (a number less its last
-- four digits). Every send changes three rows at the end of its transaction; what is too much undoes it.
CREATE TABLE IF NOT EXISTS traffic (
  scope              VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL PRIMARY KEY COMMENT '* for everything, US, or +1415555',
  hour               INT NOT NULL COMMENT 'hours since 1970 of the newest count',
  hour_sent          INT NOT NULL COMMENT 'in that hour',
  previous_hour_sent INT NOT NULL DEFAULT 0,
  day                INT NOT NULL COMMENT 'days since 1970, in UTC',
  day_sent           INT NOT NULL,
  day_cost           BIGINT NOT NULL COMMENT 'in millionths of a US dollar',
  span               INT NOT NULL COMMENT 'five minutes since 1970; what follows are codes to numbers that nobody had proven',
  span_sent          INT NOT NULL COMMENT 'sent in that span',
  span_used          INT NOT NULL DEFAULT 0 COMMENT 'of those sent in that span',
  previous_sent      INT NOT NULL DEFAULT 0,
  previous_used      INT NOT NULL DEFAULT 0,
  older_sent         BIGINT NOT NULL DEFAULT 0 COMMENT 'of the spans before, in thousandths, a hundredth less with each',
  older_used         BIGINT NOT NULL DEFAULT 0,
  last_sent_at       DATETIME(6) NULL,
  previous_sent_at   DATETIME(6) NULL COMMENT 'the one before the last, which the last had to wait for',
  stopped_until      DATETIME(6) NULL COMMENT 'no code goes to an unproven number before',
  stops              TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'stops since a day without any; each lasts twice as long',
  KEY traffic_day (day),
  KEY traffic_stopped (stopped_until)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Where codes may go, beside what the configuration says; read again by every program within a second.
CREATE TABLE IF NOT EXISTS destination_rule (
  kind       VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (kind IN ('country', 'type', 'prefix', 'number')),
  value      VARBINARY(32) NOT NULL COMMENT 'US, voip, +88213, or the keyed hash of a number',
  is_allowed BOOLEAN NOT NULL COMMENT 'only a country can be allowed that the configuration does not',
  note       VARCHAR(200) NOT NULL DEFAULT '',
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (kind, value),
  CHECK (NOT is_allowed OR kind = 'country')
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a message to a country costs, where that is known better than by the built-in table.
CREATE TABLE IF NOT EXISTS price (
  country    CHAR(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  channel    VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (channel IN ('sms', 'call')),
  source     VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (source IN ('operator', 'provider')),
  amount     INT UNSIGNED NOT NULL COMMENT 'in millionths of a US dollar, for a segment or a call',
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (country, channel, source)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
