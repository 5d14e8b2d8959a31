# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The results: a line for each run on each kernel, the failures in full, and the totals."""

import os


def escape_unprintable(text):
    """Escapes all that is not printable. The output of a test may hold anything, and must not move the cursor."""
    return "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)


def text_of(element):
    """Returns the text of a failure or of captured output; an empty one where there is only the heading of captured output."""
    text = (element.text or element.get("message", "")).strip()
    return "" if "\n" not in text and text.startswith("---") else text


class Report:
    """Prints the results of each guest when it ends, and adds them up."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    def print_line(self, word, kernel, run, note):
        print(f"  {word:<4}  {str(kernel):<6} {str(run):<20} {note}", flush=True)

    def print_detail(self, text):
        for line in escape_unprintable(text).splitlines():
            print(f"        {line}", flush=True)

    def kernel_missing(self, kernel, why):
        self.print_line("SKIP", kernel, "", f"Debian's kernel of this line cannot be had: {kernel.package}")
        self.print_detail(str(why))
        self.skips.append(f"Linux {kernel}")

    def guest_ended(self, guest):
        kernel, run = guest.kernel, guest.run
        place = f"{kernel} {run}"
        if guest.first_home:
            self.print_detail(f"{place} came to nothing before its tests began, and was started again; see {guest.first_home}/console")
        account = guest.read_results()
        if account is None:
            self.print_line("FAIL", kernel, run, guest.describe_ending())
            self.print_detail("\n".join(guest.last_words()))
            self.failures.append(f"{place}: {guest.describe_ending()}")
            return
        passed, failed, skipped = 0, [], []
        for case in account.iter("testcase"):
            name = escape_unprintable(case.get("classname", "").rsplit(".", 1)[-1] + "::" + case.get("name", ""))
            kinds = {each.tag for each in case}
            if kinds & {"failure", "error"}:
                failed.append((name, "\n".join(text_of(each) for each in case if text_of(each))))
            elif "skipped" in kinds:
                skipped.append(name)
            else:
                passed += 1
        if not passed and not failed:
            failed.append(("no test ran", "\n".join(guest.last_words())))
        self.print_line("FAIL" if failed else "ok", kernel, run,
                        f"{passed:4} passed, {len(failed)} failed, {len(skipped)} skipped, {guest.seconds_since_start():.0f} s")
        for name, text in failed:
            self.print_detail(f"{name}\n{text}\n")
        self.passed += passed
        self.failures += [f"{place}: {name}" for name, _ in failed]
        self.skips += [f"{place}: {name}" for name in skipped]

    def close(self):
        """Prints the totals. Returns the exit status."""
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
