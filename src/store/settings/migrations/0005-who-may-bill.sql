-- Whether a key may book what others bill; NULL of keys from before: by the rule of keys that do not say.
ALTER TABLE virtual_keys ADD COLUMN may_bill INTEGER;
