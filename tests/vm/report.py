# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What came out: a line for each run on each kernel, the failures in full, and the account of all."""

import os


def clean(text):
    """What a test says may hold anything: nothing of it moves the cursor."""
    return "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)


def said(element):
    """A failure or what was captured; nothing for the heading of what was not."""
    text = (element.text or element.get("message", "")).strip()
    return "" if "\n" not in text and text.startswith("---") else text


class Report:
    """Adds up as the guests end."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    def line(self, word, kernel, run, note):
        print(f"  {word:<4}  {str(kernel):<6} {str(run):<20} {note}", flush=True)

    def detail(self, text):
        for line in clean(text).splitlines():
            print(f"        {line}", flush=True)

    def kernel_missing(self, kernel, why):
        self.line("SKIP", kernel, "", f"Debian's kernel of this line cannot be had: {kernel.package}")
        self.detail(str(why))
        self.skips.append(f"Linux {kernel}")

    def guest_ended(self, guest):
        kernel, run = guest.kernel, guest.run
        place = f"{kernel} {run}"
        if guest.first_home:
            self.detail(f"{place} came to nothing before its tests began, and was started again; see {guest.first_home}/console")
        account = guest.account()
        if account is None:
            self.line("FAIL", kernel, run, guest.ending())
            self.detail("\n".join(guest.last_words()))
            self.failures.append(f"{place}: {guest.ending()}")
            return
        passed, failed, skipped = 0, [], []
        for case in account.iter("testcase"):
            name = clean(case.get("classname", "").rsplit(".", 1)[-1] + "::" + case.get("name", ""))
            kinds = {each.tag for each in case}
            if kinds & {"failure", "error"}:
                failed.append((name, "\n".join(said(each) for each in case if said(each))))
            elif "skipped" in kinds:
                skipped.append(name)
            else:
                passed += 1
        if not passed and not failed:
            failed.append(("no test ran", "\n".join(guest.last_words())))
        self.line("FAIL" if failed else "ok", kernel, run,
                  f"{passed:4} passed, {len(failed)} failed, {len(skipped)} skipped, {guest.seconds():.0f} s")
        for name, text in failed:
            self.detail(f"{name}\n{text}\n")
        self.passed += passed
        self.failures += [f"{place}: {name}" for name, _ in failed]
        self.skips += [f"{place}: {name}" for name in skipped]

    def close(self):
        """Prints the account; the exit status."""
        print()
        for word, names in ("Failed: ", self.failures), ("Skipped:", self.skips):
            for name in names:
                print(word, name)
        failed, skipped = len(self.failures), len(self.skips)
        if os.environ.get("CI") == "true" and skipped:
            print("CI=true: what is skipped here has failed.")
            failed, skipped = failed + skipped, 0
        print(f"{self.passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        return 1 if failed else 0
