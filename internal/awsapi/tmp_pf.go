package awsapi

// ProvisioningFailed is the Status of provisioned concurrency that AWS could not provide.
const ProvisioningFailed = "FAILED"
