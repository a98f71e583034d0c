"""Run unittest's test cases and report in TAP."""
import sys
import unittest


class TapResult(unittest.TestResult):
    """A line of TAP for each test method."""

    def __init__(self, count):
        super().__init__()
        self.count = count
        print('1..%d' % count)

    def startTest(self, test):
        super().startTest(test)
        self.verdict = 'ok'
        self.remark = ''

    def stopTest(self, test):
        name = test.shortDescription() or str(test)
        print('%s %d - %s%s' % (self.verdict, self.testsRun, name, self.remark),
              flush=True)
        super().stopTest(test)

    def _fail(self, test, err):
        self.verdict = 'not ok'
        for line in self._exc_info_to_string(err, test).splitlines():
            print('# ' + line, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fail(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        # a class that is skipped as a whole is reported test by test, too
        self.remark = ' # SKIP ' + reason


def main(module='__main__'):
    """Run the tests of a module; ends the program."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    result = TapResult(suite.countTestCases())
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() and result.testsRun == result.count
             else 1)
