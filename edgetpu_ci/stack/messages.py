"""What Alertmanager says of alerts, as a file of Go templates. Pure.

Labels and annotations are data to a template; for Slack they are escaped as it asks for it, and what is no address
becomes no link. https://prometheus.io/docs/alerting/latest/notifications/ has what templates are given.
"""

from typing import Final

from edgetpu_ci.stack import document

FILE: Final = "alertmanager/messages.tmpl"

SLACK: Final = {
    "username": "",
    "title": '{{ template "edgetpu_ci.title" . }}',
    "fallback": '{{ template "edgetpu_ci.title" . }}',
    "text": '{{ template "edgetpu_ci.slack" . }}',
}
"""The fields of a message for Slack."""

PAGERDUTY: Final = {
    "description": '{{ template "edgetpu_ci.summary" . }}',
    "severity": '{{ or .CommonLabels.severity "error" }}',
    "source": '{{ or .CommonLabels.repo "edgetpu-ci" }}',
    "class": "{{ .CommonLabels.alertname }}",
    "component": "{{ .CommonLabels.subject }}",
    "group": "{{ .CommonLabels.branch }}",
    "client": "edgetpu-ci",
    "details": {
        "commit": "{{ (index .Alerts 0).Annotations.commit }}",
        "owner": "{{ (index .Alerts 0).Annotations.owner }}",
        "priority": "{{ .CommonLabels.priority }}",
    },
    "links": [
        {"href": '{{ template "edgetpu_ci.runbook" . }}', "text": "runbook"},
        {"href": '{{ template "edgetpu_ci.silence" . }}', "text": "silence it, which acknowledges it"},
    ],
}
"""The fields of an event for PagerDuty; an address that is empty is no link."""

_ADDRESS: Final = "^https?://[!#-;=?-_a-{}~]+$"
"""As `render.addresses`, without the signs that would end a link of Slack's."""

TEXT: Final = (
    r"""{{/* MARK */}}

{{ define "edgetpu_ci.title" -}}
{{ if eq .Status "resolved" }}RESOLVED{{ else }}{{ .CommonLabels.severity | toUpper }}{{ end }}
{{- with .CommonLabels.alertname }} {{ . }}{{ end }}
{{- if gt (len .Alerts) 1 }} ({{ len .Alerts }} alerts){{ end }}
{{- end }}

{{ define "edgetpu_ci.summary" -}}
{{ with .CommonLabels.repo }}{{ . }} {{ end }}
{{- with .CommonLabels.branch }}{{ . }} {{ end }}
{{- template "edgetpu_ci.title" . }}
{{- with (index .Alerts 0).Annotations }}: {{ or .description .summary }}{{ end }}
{{- end }}

{{ define "edgetpu_ci.runbook" -}}
{{ with (index .Alerts 0).Annotations.runbook_url }}{{ if match `ADDRESS` . }}{{ . }}{{ end }}{{ end }}
{{- end }}

{{ define "edgetpu_ci.silence" -}}
{{ if and .GroupLabels (ne .Status "resolved") -}}
{{ .ExternalURL }}/#/silences/new?filter=%7B
{{- range $n, $label := .GroupLabels.SortedPairs }}{{ if $n }}%2C{{ end }}
{{- .Name }}%3D{{ printf "%q" .Value | urlquery | reReplaceAll `\+` "%20" }}{{ end }}%7D
{{- end }}
{{- end }}

{{ define "edgetpu_ci.tame" -}}
{{ . | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}
{{- end }}

{{ define "edgetpu_ci.slack" -}}
{{ with .CommonLabels.escalation }}Nobody acknowledged it within {{ . | reReplaceAll "_" " " }}.
{{ end }}
{{- with .CommonLabels.repo }}{{ template "edgetpu_ci.tame" . }} {{ end }}
{{- with .CommonLabels.branch }}{{ template "edgetpu_ci.tame" . }}{{ end }}
{{- range $n, $alert := .Alerts }}{{ if lt $n MOST }}
{{ template "edgetpu_ci.slack.alert" . }}{{ end }}{{ end }}
{{- if gt (len .Alerts) MOST }}
… and more, {{ len .Alerts }} alerts in all{{ end }}
{{- with (index .Alerts 0).Annotations.owner }}
owner: {{ template "edgetpu_ci.tame" . }}{{ end }}
{{- if and .GroupLabels (ne .Status "resolved") }}
<{{ template "edgetpu_ci.silence" . }}|silence it>, which acknowledges it{{ end }}
{{- end }}

{{ define "edgetpu_ci.slack.alert" -}}
• {{ if eq .Status "resolved" }}resolved: {{ end }}
{{- with .Annotations.summary }}{{ template "edgetpu_ci.tame" . }}{{ end }}
{{- with .Annotations.description }}: {{ template "edgetpu_ci.tame" . }}{{ end }}
{{- range .Labels.SortedPairs }}{{ if match `^(subject|device|metric|machine)$` .Name }}, {{ .Name }}{{ " " }}
{{- template "edgetpu_ci.tame" .Value }}{{ end }}{{ end }}
{{- with .Annotations.commit }}, commit {{ template "edgetpu_ci.tame" . }}{{ end }}
{{- range .Annotations.SortedPairs }}{{ if and (match `_url$` .Name) (match `ADDRESS` .Value) }} <
{{- template "edgetpu_ci.tame" .Value }}|{{ .Name | reReplaceAll `_url$` "" | reReplaceAll "_" " " }}>{{ end }}{{ end }}
{{- end }}
""".replace("MARK", document.MARK)
    .replace("ADDRESS", _ADDRESS)
    .replace("MOST", "10")
)
