-- Codes that set a forgotten password anew: one by phone, and where the phone is also the second factor one by mail.

ALTER TABLE verification
  MODIFY COLUMN purpose VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL
    CHECK (purpose IN ('sign_up', 'phone', 'otp', 'reset', 'reset_mail'));
