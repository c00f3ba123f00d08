package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// stale is a RevisionId that nothing has.
const stale = "00000000-0000-4000-8000-000000000000"

// facts are the observations, in the order in which they are made: each depends on what
// those before it left.
var facts = []fact{
	{"A missing function", "404 ResourceNotFoundException: Function not found: ARN", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.latest(ctx)
		return "found", err
	}},
	{"CreateFunction", `Pending, reason code "Creating", last update ""`, func(ctx context.Context, s *subject) (string, error) {
		out, err := s.create(ctx, s.name)
		if err != nil {
			return "", errors.New(err.Error()) // no observation: all others need the function
		}
		s.sha, s.revision = aws.ToString(out.CodeSha256), aws.ToString(out.RevisionId)
		return fmt.Sprintf("%s, reason code %q, last update %q", out.State, out.StateReasonCode, out.LastUpdateStatus), nil
	}},
	{"A function that has become Active", `Active, last update "Successful", another RevisionId`, func(ctx context.Context, s *subject) (string, error) {
		c, err := s.ready(ctx, s.name)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s, last update %q, %s", c.State, c.LastUpdateStatus, s.another(c.RevisionId)), nil
	}},
	{"PublishVersion of a function that is ready", `version 1, Active, Successful, description "first", ARN:1`, func(ctx context.Context, s *subject) (string, error) {
		return s.publish(ctx, lambda.PublishVersionInput{Description: aws.String("first")})
	}},
	{"$LATEST after PublishVersion", "another RevisionId", func(ctx context.Context, s *subject) (string, error) {
		c, err := s.latest(ctx)
		if err != nil {
			return "", err
		}
		return s.another(c.RevisionId), nil
	}},
	{"PublishVersion again, nothing written since", `version 1, Active, Successful, description "first", ARN:1`, func(ctx context.Context, s *subject) (string, error) {
		return s.publish(ctx, lambda.PublishVersionInput{Description: aws.String("again")})
	}},
	{"UpdateFunctionCode with the same code", `Active, last update "InProgress", reason code "Creating", another RevisionId`, func(ctx context.Context, s *subject) (string, error) {
		if c, err := s.latest(ctx); err == nil {
			s.revision = aws.ToString(c.RevisionId)
		}
		out, err := s.upload(ctx, s.name, "first")
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s, last update %q, reason code %q, %s", out.State, out.LastUpdateStatus, out.LastUpdateStatusReasonCode, s.another(out.RevisionId)), nil
	}},
	{"PublishVersion while an update is in progress", "409 ResourceConflictException: The operation cannot be performed at this time. An update is in progress for resource: ARN", func(ctx context.Context, s *subject) (string, error) {
		return s.publish(ctx, lambda.PublishVersionInput{})
	}},
	{"An update that has completed", `Active, last update "Successful", another RevisionId`, func(ctx context.Context, s *subject) (string, error) {
		c, err := s.ready(ctx, s.name)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s, last update %q, %s", c.State, c.LastUpdateStatus, s.another(c.RevisionId)), nil
	}},
	{"PublishVersion after the same code was uploaded", `version 2, Active, Successful, description "second", ARN:2`, func(ctx context.Context, s *subject) (string, error) {
		return s.publish(ctx, lambda.PublishVersionInput{Description: aws.String("second")})
	}},
	{"PublishVersion without a description", `version 3, Active, Successful, description "of the function", ARN:3`, func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &s.name, Description: aws.String("of the function")})
		if err == nil {
			_, err = s.ready(ctx, s.name)
		}
		if err != nil {
			return "", err
		}
		return s.publish(ctx, lambda.PublishVersionInput{})
	}},
	{"PublishVersion with a wrong RevisionId", "412 PreconditionFailedException: The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.upload(ctx, s.name, "second")
		if err == nil {
			_, err = s.ready(ctx, s.name)
		}
		if err != nil {
			return "", err
		}
		return s.publish(ctx, lambda.PublishVersionInput{RevisionId: aws.String(stale)})
	}},
	{"PublishVersion with a wrong CodeSha256", "400 InvalidParameterValueException: CodeSHA256 (FORMER) is different from current CodeSHA256 in $LATEST (SHA256). Please try again with the CodeSHA256 in $LATEST.", func(ctx context.Context, s *subject) (string, error) {
		c, err := s.latest(ctx)
		if err != nil {
			return "", err
		}
		former := s.sha
		s.sha = aws.ToString(c.CodeSha256)
		text, err := s.publish(ctx, lambda.PublishVersionInput{CodeSha256: &former})
		if answer, ok := refusal(err); ok {
			return strings.ReplaceAll(answer, former, "FORMER"), nil
		}
		return text, err
	}},
	{"DeleteFunction of a version that does not exist", "no error", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &s.name, Qualifier: aws.String("99")})
		return "no error", err
	}},
	{"PublishVersion after the newest version was deleted", `version 4, Active, Successful, description "fourth", ARN:4`, func(ctx context.Context, s *subject) (string, error) {
		if _, err := s.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &s.name, Qualifier: aws.String("3")}); err != nil {
			return "", err
		}
		return s.publish(ctx, lambda.PublishVersionInput{Description: aws.String("fourth")})
	}},
	{"ListVersionsByFunction", `$LATEST (ARN:$LATEST, state ""), 1 (ARN:1, state ""), 2 (ARN:2, state ""), 4 (ARN:4, state "")`, func(ctx context.Context, s *subject) (string, error) {
		out, err := s.lambda.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: &s.name})
		if err != nil {
			return "", err
		}
		var all []string
		for _, v := range out.Versions {
			all = append(all, fmt.Sprintf("%s (%s, state %q)", aws.ToString(v.Version), aws.ToString(v.FunctionArn), v.State))
		}
		return strings.Join(all, ", "), nil
	}},
	{"GetFunctionConfiguration of a version that does not exist", "404 ResourceNotFoundException: Function not found: ARN:99", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.name, Qualifier: aws.String("99")})
		return "found", err
	}},
	{"GetFunctionConfiguration of an alias that does not exist", "404 ResourceNotFoundException: Function not found: ARN:nowhere", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.name, Qualifier: aws.String("nowhere")})
		return "found", err
	}},

	{"GetAlias of an alias that does not exist", "404 ResourceNotFoundException: Cannot find alias arn: ARN:prod", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &s.name, Name: aws.String("prod")})
		return "found", err
	}},
	{"UpdateAlias of an alias that does not exist", "404 ResourceNotFoundException: Alias not found: ARN:prod", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("1")})
	}},
	{"DeleteAlias of an alias that does not exist", "no error", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: &s.name, Name: aws.String("prod")})
		return "no error", err
	}},
	{"CreateAlias", "version 1, no RoutingConfig", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "prod", "1", "")
	}},
	{"CreateAlias with a name that is taken", "409 ResourceConflictException: Alias already exists: ARN:prod", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "prod", "1", "")
	}},
	{"CreateAlias for a version that does not exist", "404 ResourceNotFoundException: Function not found: ARN:99", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "other", "99", "")
	}},
	{"CreateAlias for $LATEST", "version $LATEST, no RoutingConfig", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "latest", "$LATEST", "")
	}},
	{"CreateAlias with a name of digits", "400 ValidationException", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "123", "1", "")
	}},
	{"CreateAlias with a description of 256 characters", "version 1, no RoutingConfig", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "long", "1", strings.Repeat("é", 256))
	}},
	{"CreateAlias with a description of 257 characters", "400 ValidationException", func(ctx context.Context, s *subject) (string, error) {
		return s.createAlias(ctx, "longer", "1", strings.Repeat("d", 257))
	}},
	{"GetFunctionConfiguration of an alias", "version 1, ARN:prod", func(ctx context.Context, s *subject) (string, error) {
		out, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &s.name, Qualifier: aws.String("prod")})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("version %s, %s", aws.ToString(out.Version), aws.ToString(out.FunctionArn)), nil
	}},
	{"UpdateAlias with a wrong RevisionId", "412 PreconditionFailedException: The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("2"), RevisionId: aws.String(stale)})
	}},
	{"UpdateAlias with its RevisionId", "version 2, no RoutingConfig", func(ctx context.Context, s *subject) (string, error) {
		out, err := s.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &s.name, Name: aws.String("prod")})
		if err != nil {
			return "", err
		}
		return s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("2"), RevisionId: out.RevisionId})
	}},
	{"UpdateAlias to a version that does not exist", "404 ResourceNotFoundException: Function not found: ARN:99", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("99")})
	}},
	{"UpdateAlias that changes nothing", "another RevisionId", func(ctx context.Context, s *subject) (string, error) {
		out, err := s.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &s.name, Name: aws.String("prod")})
		if err != nil {
			return "", err
		}
		s.revision = aws.ToString(out.RevisionId)
		after, err := s.lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &s.name, Name: aws.String("prod"), FunctionVersion: aws.String("2")})
		if err != nil {
			return "", err
		}
		return s.another(after.RevisionId), nil
	}},
	{"$LATEST after UpdateAlias", "the same RevisionId", func(ctx context.Context, s *subject) (string, error) {
		before, err := s.latest(ctx)
		if err != nil {
			return "", err
		}
		s.revision = aws.ToString(before.RevisionId)
		if _, err := s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("1")}); err != nil {
			return "", err
		}
		after, err := s.latest(ctx)
		if err != nil {
			return "", err
		}
		return s.another(after.RevisionId), nil
	}},
	{"Weights of two versions", "400 InvalidParameterValueException: Number of items in AdditionalVersionWeights cannot be greater than 1", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{RoutingConfig: weights(map[string]float64{"2": 0.1, "4": 0.1})})
	}},
	{"A weight above 1", "400 ValidationException", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{RoutingConfig: weights(map[string]float64{"2": 1.5})})
	}},
	{"A weight of the version that the alias points to", "400 InvalidParameterValueException: Invalid function version 1. Function version 1 is already included in routing configuration.", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{RoutingConfig: weights(map[string]float64{"1": 0.1})})
	}},
	{"A weight on an alias of $LATEST", "400 InvalidParameterValueException: $LATEST is not supported for an alias pointing to more than 1 version", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{Name: aws.String("latest"), RoutingConfig: weights(map[string]float64{"2": 0.1})})
	}},
	{"A weight", "version 1, weights map[2:0.1]", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{RoutingConfig: weights(map[string]float64{"2": 0.1})})
	}},
	{"Provisioned concurrency on an alias with weights", "400 InvalidParameterValueException: Alias with weights can not be used with Provisioned Concurrency", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.PutProvisionedConcurrencyConfig(ctx, &lambda.PutProvisionedConcurrencyConfigInput{
			FunctionName: &s.name, Qualifier: aws.String("prod"), ProvisionedConcurrentExecutions: aws.Int32(1),
		})
		return "accepted", err
	}},
	{"UpdateAlias of the version only: its weights", "version 4, weights map[2:0.1]", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{FunctionVersion: aws.String("4")})
	}},
	{"DeleteFunction of a version that an alias points to", "409 ResourceConflictException: Unable to delete version because the following aliases reference it: [prod]", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &s.name, Qualifier: aws.String("4")})
		return "no error", err
	}},
	{"DeleteFunction of a version that has a weight", "409 ResourceConflictException: Unable to delete version because the following aliases reference it: [prod]", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &s.name, Qualifier: aws.String("2")})
		return "no error", err
	}},
	{"UpdateAlias with no weights", "version 4, no RoutingConfig", func(ctx context.Context, s *subject) (string, error) {
		return s.updateAlias(ctx, lambda.UpdateAliasInput{RoutingConfig: weights(map[string]float64{})})
	}},
	{"ListAliases of a version", "prod", func(ctx context.Context, s *subject) (string, error) {
		out, err := s.lambda.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: &s.name, FunctionVersion: aws.String("4")})
		if err != nil {
			return "", err
		}
		var all []string
		for _, a := range out.Aliases {
			all = append(all, aws.ToString(a.Name))
		}
		return strings.Join(all, ", "), nil
	}},

	{"GetPolicy of an alias without one", "404 ResourceNotFoundException: The resource you requested does not exist.", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &s.name, Qualifier: aws.String("prod")})
		return "found", err
	}},
	{"AddPermission to $LATEST", "400 InvalidParameterValueException: We currently do not support adding policies for $LATEST.", func(ctx context.Context, s *subject) (string, error) {
		return s.permit(ctx, "$LATEST")
	}},
	{"AddPermission with a statement ID that is taken", "409 ResourceConflictException: The statement id (check) provided already exists. Please provide a new statement id, or remove the existing statement.", func(ctx context.Context, s *subject) (string, error) {
		if text, err := s.permit(ctx, "prod"); err != nil {
			return text, err
		}
		return s.permit(ctx, "prod")
	}},
	{"GetPolicy of the function, whose alias has one", "404 ResourceNotFoundException: The resource you requested does not exist.", func(ctx context.Context, s *subject) (string, error) {
		_, err := s.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &s.name})
		return "found", err
	}},

	{"DescribeAlarms of an alarm that does not exist", "0 alarms", func(ctx context.Context, s *subject) (string, error) {
		out, err := s.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{s.name}})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d alarms", len(out.MetricAlarms)), nil
	}},
}
