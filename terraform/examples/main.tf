# One call of each module, as small as it can be: a file per module, to copy from. Nobody applies this root.

provider "aws" {
  region = "eu-central-1"
}
