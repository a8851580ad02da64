"""What may be known of a customer (客户档案): the keys of profiles, cited to the forms from which they come.

The keys are data, read once from `catalogue.yaml`; the type of `profile.recorded` is made of them, so that sealing,
masks and schemas follow what the catalogue says of a key.
"""

from shared.contract.profile.catalogue import BY_SCHEME, PROFILE_KEYS, KeyKind, ProfileKeyEntry, catalogue

__all__ = ["BY_SCHEME", "PROFILE_KEYS", "KeyKind", "ProfileKeyEntry", "catalogue"]
