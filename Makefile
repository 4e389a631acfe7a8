.DEFAULT_GOAL := help
tools := $(or $(CI_TOOLS),$(HOME)/.cache/connectd-tools)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: ## Start everything on this machine, with sellers to look at
	go run ./cmd/connectd demo

.PHONY: test
test: ## Run the tests, against a Postgres that they start themselves
	go test -timeout 30m ./...

.PHONY: race
race: ## Run the tests with the race detector
	go test -race -timeout 30m ./...

.PHONY: bench
bench: ## Measure what has a goal
	go test -run '^$$' -bench . -benchtime 3s ./internal/... ./client ./cmd/connectd

.PHONY: mutants
mutants: ## Break connectd in each way that a test has to notice, and see that it does; only=NAME for one
	go run ./internal/mutants $(only)

.PHONY: generate
generate: $(tools)/sqlc ## Generate internal/db from sql/ and migrations/
	$(tools)/sqlc generate

.PHONY: golden
golden: ## Write the pages' golden files, the contract and the docs' generated parts anew
	go test ./internal/api -run TestExamplesAreWhatIsAnswered -update
	go test ./internal/api -run TestTheContractIsCurrent -update
	go test ./internal/web -update
	go test ./internal/mail -run TestMailsAreAsTheyWere -update
	go test ./internal/webhook -run TestPageIsMadeFromTheCode -update
	go test ./internal/notify -run TestExamplesOnThePageAreWhatIsSent -update
	go test ./internal/metrics -run TestPageIsMadeFromTheCode -update

.PHONY: baseline
baseline: ## Make the contract as it is the one that clients rely on; CHANGELOG.md has to say what breaks
	cp api/openapi.json api/baseline.json
	@echo "in CHANGELOG.md: $$(sha256sum api/baseline.json | cut -c1-12)"

.PHONY: screenshots
screenshots: ## Write a picture of each page, light and dark, to screenshots/ (with Debian's chromium)
	mkdir -p screenshots
	go test ./internal/browsertest -count 1 -run TestEveryPage -screenshots $(CURDIR)/screenshots

.PHONY: release
release: ## Build static binaries for Linux and macOS into dist/, with their checksums
	deploy/release.sh dist

.PHONY: format
format: ## Format the code
	gofumpt -w .

.PHONY: verify
verify: ## Everything that has to hold before a change lands
	.ci/run

$(tools)/sqlc: tools/go.mod tools/go.sum
	go build -C tools -o $@ github.com/sqlc-dev/sqlc/cmd/sqlc
