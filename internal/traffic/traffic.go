// Package traffic knows how traffic goes from one version to the next, and
// when it has to go back: a Strategy is the steps (pure), a Watcher holds a
// step while it watches alarms and the new version's own error rate, and
// Create, Follow and Stop hand the shift to AWS CodeDeploy instead.
//
// It never touches an alias: who moves it also takes it back.
package traffic
