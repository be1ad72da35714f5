"""An audit for other programs: SARIF for code hosts, JUnit for CI, Markdown for a pull request."""
