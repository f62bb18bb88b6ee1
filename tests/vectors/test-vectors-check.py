#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""vectors-check notices what is wrong with a vectors file: damage, strangers, rubbish."""
import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, VECTORS = sys.argv[1:3]

# A member of each group whose every bit counts.
DAMAGE = [
    ('base10', 1, 'bytes'), ('base10', 20, 'digits'), ('qr', 1, 'private'), ('qr', 2, 'cbor'),
    ('qr', 1, 'secret'), ('kdf', 0, 'okm'), ('ec_seed', 0, 'private'), ('ecdh', 1, 'shared_x'),
    ('domains', 9, 'sha256'), ('adverts', 0, 'service_data'), ('adverts', 5, 'plaintext'),
    ('adverts', 1, 'ad_structures_fde2'), ('advert_suffix', 1, 'suffix'), ('urls', 0, 'tunnel_id'),
    ('client_payload', 0, 'cbor'), ('noise', 0, 'message2'), ('noise', 2, 'prologue'),
    ('noise', 3, 'key_responder_to_initiator'), ('noise', 1, 'steps', 4, 'h'),
    ('noise', 2, 'steps', 11, 'k'), ('transport', 'messages', 4, 'ciphertext'),
    ('transport', 'messages', 4, 'nonce'), ('transport', 'old_construction', 1, 'plaintext'),
    ('transport', 'lenient', 0, 'ciphertext'), ('post_handshake', 0, 'get_info'),
    ('linking', 0, 'signature'), ('linking', 1, 'update_plaintext'),
    ('transaction_qr', 'service_data'), ('transaction_qr', 'frames', 1, 'ciphertext'),
    ('transaction_qr', 'frames', 3, 'plaintext'), ('transaction_qr', 'linking', 'signature'),
    ('transaction_linked', 'frames', 2, 'ciphertext'), ('transaction_linked', 'connect_signal'),
    ('transaction_linked', 'handshake', 'handshake_hash'), ('json_frames', 'frames', 0, 'padded'),
    ('l2cap', 0, 'stream'), ('l2cap', 1, 'key'), ('repository', 0, 'okm'),
    ('repository', -1, 'message2'), ('repository', -1, 'frames', 2, 'ciphertext'),
]

# What must be refused, made acceptable.
CURES = [
    ('base10_invalid', 'digits', '000'), ('p256_invalid', 'point', None),
    ('adverts_invalid', 'service_data', None), ('noise_invalid', 'message', None),
    ('linking_invalid', 'linking_map', None), ('qr_invalid', 'url', None),
]


def flip(text):
    """The same hex or digits with its middle character changed."""
    middle = len(text) // 2
    old = text[middle]
    return text[:middle] + ('1' if old != '1' else '2') + text[middle + 1:]


class VectorsCheck(unittest.TestCase):
    def setUp(self):
        with open(VECTORS, encoding='utf-8') as file:
            self.vectors = json.load(file)

    def check(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60)

    def check_text(self, text):
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write(text)
            file.flush()
            return self.check(file.name)

    def check_vectors(self, vectors):
        return self.check_text(json.dumps(vectors))

    def assert_fails(self, done, failed=None):
        self.assertEqual(done.returncode, 1, done.stdout[-2000:] + done.stderr)
        last = done.stdout.splitlines()[-1]
        self.assertRegex(last, r'^\d+ passed, [1-9]\d* failed$')
        if failed is not None:
            self.assertTrue(last.endswith(f' {failed} failed'), done.stdout[-2000:])

    def assert_passes(self, done):
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r'^\d+ passed, 0 failed$')

    def test_the_file_passes_and_every_group_is_named(self):
        done = self.check(VECTORS)
        self.assert_passes(done)
        for name, group in self.vectors.items():
            if isinstance(group, (list, dict)):
                self.assertRegex(done.stdout, rf'(?m)^{name}: [1-9]\d* passed, 0 failed$')

    def test_damage_is_noticed(self):
        for path in DAMAGE:
            with self.subTest(path=path):
                vectors = copy.deepcopy(self.vectors)
                place = vectors
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = flip(place[path[-1]])
                self.assert_fails(self.check_vectors(vectors))

    def test_what_should_be_refused_but_is_not_is_noticed(self):
        good = {
            'p256_invalid': self.vectors['ecdh'][0]['public_a'],
            'qr_invalid': self.vectors['qr'][0]['url'],
            'noise_invalid': self.vectors['noise'][0]['message1'],
            'linking_invalid': self.vectors['linking'][0]['linking_map'],
        }
        for group, member, value in CURES:
            with self.subTest(group=group):
                vectors = copy.deepcopy(self.vectors)
                entry = vectors[group][0]
                if group == 'adverts_invalid':
                    entry['eid_key'] = vectors['adverts'][0]['eid_key']
                    value = vectors['adverts'][0]['service_data']
                if group == 'linking_invalid':
                    for name in ('client_static_private', 'handshake_hash'):
                        entry[name] = vectors['linking'][0][name]
                entry[member] = value or good[group]
                self.assert_fails(self.check_vectors(vectors), 1)

    def test_strangers_fail(self):
        for change in (
            lambda v: v.update(adverts_of_tomorrow=[]),
            lambda v: v.update(noise={}),
            lambda v: v.update(transaction_qr=[]),
            lambda v: v['transport'].update(replays=[]),
            lambda v: v['transport'].update(messages={}),
            lambda v: v['json_frames'].update(more=[]),
            lambda v: v['repository'].append({'id': 'x', 'kind': 'smoke-signal'}),
            lambda v: v['repository'].append({'id': 'x'}),
            lambda v: v['kdf'].append('not an object'),
            lambda v: v['kdf'].append({}),
            lambda v: v['base10'].append(None),
        ):
            vectors = copy.deepcopy(self.vectors)
            change(vectors)
            self.assert_fails(self.check_vectors(vectors))

    def test_fewer_groups_and_entries_are_fine(self):
        done = self.check_vectors({'format': 'x', 'version': 2, 'kdf': self.vectors['kdf'][:1],
                                   'transaction_qr': self.vectors['transaction_qr'],
                                   'noise': [], 'transaction_linked': None})
        self.assert_passes(done)
        self.assertIn('kdf: 1 passed, 0 failed\n', done.stdout)
        self.assertEqual(done.stdout.splitlines()[-1], '3 passed, 0 failed')

    def test_two_files_are_added_up(self):
        done = self.check(VECTORS, VECTORS)
        once = int(self.check(VECTORS).stdout.splitlines()[-1].split()[0])
        self.assert_passes(done)
        self.assertEqual(done.stdout.splitlines()[-1], f'{2 * once} passed, 0 failed')

    def test_rubbish_is_an_error(self):
        for text in ('', '{', '[]', '"x"', '{}', '{"format": "x"}', '\x00\xff'):
            done = self.check_text(text)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn('vectors-check: ', done.stderr)

    def test_unreadable_files_and_options_are_an_error(self):
        self.assertEqual(self.check('/nonexistent/vectors.json').returncode, 2)
        self.assertEqual(self.check(os.path.dirname(VECTORS)).returncode, 2)
        self.assertEqual(self.check('--unknown').returncode, 2)
        self.assertEqual(self.check().returncode, 2)

    def test_help(self):
        done = self.check('--help')
        self.assertEqual(done.returncode, 0)
        self.assertIn('Usage: vectors-check FILE', done.stdout)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
